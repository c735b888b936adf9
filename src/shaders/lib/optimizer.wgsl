// What all optimizers share: COUNT weights w of a run, their gradients g and SLOTS tensors that are kept for each;
// [ceil(n / 4)] vec4, all but g changed in place; weight decay. A kernel has updated(): new weights, from decayed ones.
// Every Params begins with count, decay and clip.
//   CLIP_NORM:   g * scale[0], scale being at most 1
//   CLIP_VALUE:  g between -clip and clip
// LOSS_SCALE: g is first divided by the loss scale; a step with an overflow changes nothing.
// Flags: COUNT, SLOTS and these. Grid: items, one per vec4 of the largest of the weights.
#include lib/items
@group(0) @binding(0) var<uniform> p: Params;
#if LOSS_SCALE
@group(0) @binding(1) var<storage, read> loss_scale: array<f32>;
@group(0) @binding(2) var<storage, read> overflow: array<u32>;
#endif
#unroll j COUNT
@group(0) @binding($[4 + $j * 6]) var<storage, read_write> w$j: array<vec4f>;
@group(0) @binding($[5 + $j * 6]) var<storage, read> g$j: array<vec4f>;
#if CLIP_NORM
@group(0) @binding($[6 + $j * 6]) var<storage, read> scale$j: array<f32>;
#endif
#unroll s SLOTS
@group(0) @binding($[7 + $j * 6 + $s]) var<storage, read_write> slot$s_$j: array<vec4f>;
#end
#end

// What is kept for one weight; one more than is used, since an array may not be empty.
var<private> slots: array<vec4f, SLOTS + 1>;

fn item(i: u32) {
#if LOSS_SCALE
  if (overflow[0] != 0) { return; }
#endif
#unroll j COUNT
  if (i < arrayLength(&w$j)) {
    var g = g$j[i];
#if LOSS_SCALE
    g /= loss_scale[0];
#endif
#if CLIP_NORM
    g *= scale$j[0];
#elif CLIP_VALUE
    g = clamp(g, vec4f(-p.clip), vec4f(p.clip));
#endif
#unroll s SLOTS
    slots[$s] = slot$s_$j[i];
#end
    let w = w$j[i];
    w$j[i] = updated(w - w * p.decay, g);
#unroll s SLOTS
    slot$s_$j[i] = slots[$s];
#end
  }
#end
}
