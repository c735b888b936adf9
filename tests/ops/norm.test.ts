import { normFamilies } from '../cases/norm.js';
import { testFamilies } from '../harness.js';

testFamilies(normFamilies);
