import { resizeFamilies } from '../cases/resize.js';
import { testFamilies } from '../harness.js';

testFamilies(resizeFamilies);
