import { layerNormFamilies } from '../cases/layer_norm.js';
import { testFamilies } from '../harness.js';

testFamilies(layerNormFamilies);
