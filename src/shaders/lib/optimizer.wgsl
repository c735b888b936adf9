// What all optimizers share: the weight w, its gradient g and weight decay. Every Params begins with
// n4, decay and clip.
//   CLIP_NORM:   g * scale[0], scale being at most 1
//   CLIP_VALUE:  g between -clip and clip
#include lib/grid
@group(0) @binding(0) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;
#if CLIP_NORM
@group(0) @binding(3) var<storage, read> scale: array<f32>;
#endif

fn gradient(i: u32) -> vec4f {
#if CLIP_NORM
  return g[i] * scale[0];
#elif CLIP_VALUE
  return clamp(g[i], vec4f(-p.clip), vec4f(p.clip));
#else
  return g[i];
#endif
}

fn decayed(i: u32) -> vec4f { return w[i] - w[i] * p.decay; }
