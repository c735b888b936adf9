import { describe } from 'vitest';
import { matmulFamilies } from '../cases/matmul.js';
import { testFamilies } from '../harness.js';

describe('inner loop of the adapter', () => testFamilies(matmulFamilies));
describe('simt', () => testFamilies(matmulFamilies, 'simt'));
describe('direct', () => testFamilies(matmulFamilies, 'direct'));
