// After a step: an overflow halves the scale; `growth` good steps in a row double it.
// scale, steps, overflow: [1], changed in place. Grid: one invocation.
// Source: Keras 3, optimizers/loss_scale_optimizer.py.
struct Params { growth: u32 }
@group(0) @binding(0) var<storage, read_write> scale: array<f32>;
@group(0) @binding(1) var<storage, read_write> steps: array<u32>;
@group(0) @binding(2) var<storage, read_write> overflow: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(1)
fn main() {
  steps[0]++;
  if (overflow[0] != 0) {
    // Never 0: 2^-126 is the smallest number that no driver flushes.
    scale[0] = max(scale[0] / 2, 0x1p-126);
    steps[0] = 0;
  } else if (steps[0] == p.growth) {
    scale[0] = min(scale[0] * 2, 0x1p126);
    steps[0] = 0;
  }
  overflow[0] = 0;
}
