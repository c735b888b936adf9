// What all optimizers share: the weight w, its gradient g and weight decay. Every Params begins with
// count, decay and clip.
//   CLIP_NORM:   g * scale[0], scale being at most 1
//   CLIP_VALUE:  g between -clip and clip
// LOSS_SCALE: g is first divided by the loss scale; a step with an overflow changes nothing.
#include lib/items
@group(0) @binding(0) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;
#if CLIP_NORM
@group(0) @binding(3) var<storage, read> scale: array<f32>;
#endif
#if LOSS_SCALE
@group(0) @binding(7) var<storage, read> loss_scale: array<f32>;
@group(0) @binding(8) var<storage, read> overflow: array<u32>;
fn unscaled(i: u32) -> vec4f { return g[i] / loss_scale[0]; }
#else
fn unscaled(i: u32) -> vec4f { return g[i]; }
#endif

fn gradient(i: u32) -> vec4f {
#if CLIP_NORM
  return unscaled(i) * scale[0];
#elif CLIP_VALUE
  return clamp(unscaled(i), vec4f(-p.clip), vec4f(p.clip));
#else
  return unscaled(i);
#endif
}

fn decayed(i: u32) -> vec4f { return w[i] - w[i] * p.decay; }
