import { convFamilies } from '../cases/conv.js';
import { testFamilies } from '../harness.js';

testFamilies(convFamilies);
