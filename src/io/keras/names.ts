/** Names that Keras and fovea write differently, beyond snake_case and camelCase. */
const SNAKE: Readonly<Record<string, string>> = {
  keepDims: 'keepdims',
  beta1: 'beta_1',
  beta2: 'beta_2',
};
const CAMEL = Object.fromEntries(Object.entries(SNAKE).map(([camel, snake]) => [snake, camel]));

/** kernel_size -> kernelSize. */
export function camelCase(name: string): string {
  return CAMEL[name] ?? name.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** kernelSize -> kernel_size. */
export function keyOf(name: string): string {
  return SNAKE[name] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Activations that have two names in Keras; it writes the first of them. */
const SWISHES: Readonly<Record<string, string>> = { silu: 'swish', hard_silu: 'hardSwish' };

/** Keras's name of an activation -> fovea's: 'silu' -> 'swish', 'hard_sigmoid' -> 'hardSigmoid'. */
export function activationName(name: string): string {
  return SWISHES[name] ?? camelCase(name);
}

/** The inverse of `activationName`. */
export function kerasActivation(name: string): string {
  return Object.keys(SWISHES).find((key) => SWISHES[key] === name) ?? keyOf(name);
}
