import { reduceFamilies } from '../cases/reduce.js';
import { testFamilies } from '../harness.js';

testFamilies(reduceFamilies);
