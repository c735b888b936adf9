import { poolFamilies } from '../cases/pool.js';
import { testFamilies } from '../harness.js';

testFamilies(poolFamilies);
