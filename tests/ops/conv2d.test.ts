import { describe } from 'vitest';
import { convFamilies } from '../cases/conv.js';
import { testFamilies } from '../harness.js';

describe('inner loop of the adapter', () => testFamilies(convFamilies));
describe('simt', () => testFamilies(convFamilies, 'simt'));
describe('direct', () => testFamilies(convFamilies, 'direct'));
