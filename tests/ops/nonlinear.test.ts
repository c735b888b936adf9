import { nonlinearFamilies } from '../cases/nonlinear.js';
import { testFamilies } from '../harness.js';

testFamilies(nonlinearFamilies);
