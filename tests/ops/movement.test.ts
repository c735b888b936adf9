import { movementFamilies } from '../cases/movement.js';
import { testFamilies } from '../harness.js';

testFamilies(movementFamilies.filter(({ op }) => op !== 'gather' && op !== 'oneHot'));
