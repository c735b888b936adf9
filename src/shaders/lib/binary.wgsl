// The two-operand functions, on four values at a time. The *_WINS ones are masks for the gradients
// of maximum and minimum: 1 where an operand decides, 1/2 for each at a tie.
fn f(a: vec4f, b: vec4f) -> vec4f {
#if ADD
  return a + b;
#elif SUB
  return a - b;
#elif MUL
  return a * b;
#elif DIV
  return a / b;
#elif MAXIMUM
  return max(a, b);
#elif MINIMUM
  return min(a, b);
#elif EQUAL
  return select(vec4f(0), vec4f(1), a == b);
#elif GREATER
  return select(vec4f(0), vec4f(1), a > b);
#elif GREATER_EQUAL
  return select(vec4f(0), vec4f(1), a >= b);
#elif A_WINS
  return select(select(vec4f(0), vec4f(0.5), a == b), vec4f(1), a > b);
#elif B_WINS
  return select(select(vec4f(0), vec4f(0.5), a == b), vec4f(1), a < b);
#endif
}
