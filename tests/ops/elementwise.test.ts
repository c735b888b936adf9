import { elementwiseFamilies } from '../cases/elementwise.js';
import { testFamilies } from '../harness.js';

testFamilies(elementwiseFamilies.filter(({ op }) => op !== 'dropout'));
