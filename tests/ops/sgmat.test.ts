import { describe, expect, it } from 'vitest';
import { create, globals } from 'webgpu';
import { expand, type Flags } from '../../src/gpu/template.js';
import { shaderSources } from '../../src/shaders/embedded.js';
import type { OpFamily } from '../cases/case.js';
import { convFamilies } from '../cases/conv.js';
import { matmulFamilies } from '../cases/matmul.js';
import { testFamilies } from '../harness.js';

/** Against float64 of operands rounded to f16: their products are exact in f32, and sums are f32. */
const SUM = { l2: 3e-6, max: 3e-5 };

// Gradients through curved activations are no f16 numbers, and are rounded once more.
const families: OpFamily[] = [...convFamilies, ...matmulFamilies]
  .filter(({ op }) => op !== 'depthwiseConv2d')
  .map(({ op, cases }) => ({
    op,
    tolerance: { forward: SUM, backward: SUM },
    cases: cases.filter(({ name }) => !/ (sigmoid|tanh|swish)$/.test(name)),
  }))
  .filter(({ cases }) => cases.length > 0);

describe('emulated matrix units', () => testFamilies(families, 'sgmat'));

it.each(['gemm_sgmat', 'filter_sgmat'])(
  'real matrix units: the WGSL of %s is valid',
  async (name) => {
    Object.assign(globalThis, globals);
    const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
    const adapter = (await gpu.requestAdapter())!;
    const features = ['chromium-experimental-subgroup-matrix', 'shader-f16', 'subgroups'];
    const device = await adapter.requestDevice({
      requiredFeatures: features as GPUFeatureName[],
    });
    const flags: Flags = {
      ...{ ACTIVATION: 0, MOMENTS: name === 'gemm_sgmat', H: 'f16', F16: true },
      ...{ BM: 128, NT: 128, BK: 32, SM: 64, SN: 64, MM: 16, MN: 16, MK: 16, SG: 32 },
      INVOCATIONS: 128,
    };
    const code = expand(shaderSources, name, flags);
    expect(code).toContain('subgroupMatrixMultiplyAccumulate');
    const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
    expect(messages.filter(({ type }) => type === 'error')).toEqual([]);
    device.destroy();
  },
);
