import { describe, expect, it } from 'vitest';
import { fovea } from './cli_harness.js';

interface Report {
  readonly flops: number;
  readonly bytes: number;
  readonly peak: Readonly<Record<string, number>>;
  readonly candidates: readonly {
    readonly innerLoop: string;
    readonly way: string;
    readonly kernels: readonly string[];
    readonly milliseconds: number;
    readonly share: number;
    readonly isChosen: boolean;
  }[];
  readonly reason: string;
}

describe('fovea kernels', () => {
  it('lists operations and kernels without opening a GPU', async () => {
    const nowhere = { VK_DRIVER_FILES: '/nonexistent' };
    const { code, stdout, stderr } = await fovea(['kernels'], nowhere);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^ {2}conv2d +batch,height,width,channels,filters,kernel,stride$/m);
    expect(stdout).toMatch(/^ {2}gemm_simt +C\[m, n\] = act/m);
    const json = await fovea(['kernels', '--json'], nowhere);
    const { operations, kernels } = JSON.parse(json.stdout) as Record<string, { name: string }[]>;
    expect(operations!.map(({ name }) => name)).toContain('depthwise-dx');
    expect(kernels!.map(({ name }) => name)).toContain('gemm_merge');
  });

  it('measures the ways to compute an operation, and says which is taken', async () => {
    const { code, stdout } = await fovea(['kernels', 'matmul', '--shape', '64,128,64', '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(report.flops).toBe(2 * 64 * 128 * 64);
    expect(report.bytes).toBe(4 * (64 * 128 + 128 * 64 + 64 * 64));
    for (const value of Object.values(report.peak)) expect(value).toBeGreaterThan(0);
    const { candidates } = report;
    expect(candidates.filter(({ isChosen }) => isChosen)).toHaveLength(1);
    expect(candidates.map(({ innerLoop }) => innerLoop)).toEqual(
      expect.arrayContaining(['simt', 'direct']),
    );
    const times = candidates.map(({ milliseconds }) => milliseconds);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    for (const { milliseconds, share, kernels } of candidates) {
      expect(milliseconds).toBeGreaterThan(0);
      expect(share).toBeGreaterThan(0);
      expect(kernels.length).toBeGreaterThan(0);
    }
    expect(report.reason).toMatch(/^chosen: (lanes|simt), since this is a /);
  });

  it('prints a table for people', async () => {
    const { code, stdout } = await fovea(['kernels', 'depthwise-dw', '--shape', '2,9,9,8,3,1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^depthwise-dw 2,9,9,8,3,1 on /);
    expect(stdout).toMatch(/\(measured\)/);
    expect(stdout).toMatch(/^\* .* % {2}depthwise_grad_filter/m);
  });

  it('prints the expanded WGSL of a kernel', async () => {
    const conv = ['kernels', 'conv2d', '--shape', '1,8,8,4,8,3,2'];
    const { code, stderr } = await fovea([...conv, '--wgsl', 'batch_norm']);
    expect(code).toBe(2);
    const name = /gemm_(lanes|simt)/.exec(stderr)![0];
    const { stdout } = await fovea([...conv, '--wgsl', name]);
    expect(stdout).toContain(`// ${name} {`);
    expect(stdout).toContain('@compute');
    expect(stdout).not.toContain('#unroll');
  });

  it.each([
    [['convolve', '--shape', '1,2'], "there is no operation 'convolve'"],
    [['matmul'], 'needs --shape m,k,n'],
    [['matmul', '--shape', '1,2'], '--shape of matmul has 3 sizes (m,k,n), got 1,2'],
    [['matmul', '--shape', '1,2,x'], 'positive integers'],
    [['--shape', '1,2,3'], 'need an operation'],
  ])('%j is a usage error', async (args, message) => {
    const { code, stdout, stderr } = await fovea(['kernels', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
