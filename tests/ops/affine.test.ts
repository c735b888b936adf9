import { affineFamilies } from '../cases/affine.js';
import { testFamilies } from '../harness.js';

testFamilies(affineFamilies);
