// The activation of what was normalized, and its slope there. Flags: ACTIVATION of ops/activation.ts, VEC where T is
// vec4f.
#include lib/math
#if VEC
fn activated(v: T) -> T { return activate(ACTIVATION, v); }
fn slope(v: T) -> T { return slope4(ACTIVATION, v); }
#else
fn activated(v: T) -> T { return activate(ACTIVATION, vec4f(v)).x; }
fn slope(v: T) -> T { return slope4(ACTIVATION, vec4f(v)).x; }
#endif
