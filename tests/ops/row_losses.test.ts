import { rowLossFamilies } from '../cases/row_losses.js';
import { testFamilies } from '../harness.js';

testFamilies(rowLossFamilies);
