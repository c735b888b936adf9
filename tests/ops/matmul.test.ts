import { matmulFamilies } from '../cases/matmul.js';
import { testFamilies } from '../harness.js';

testFamilies(matmulFamilies);
