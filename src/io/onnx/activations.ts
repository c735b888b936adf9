import type { OnnxGraph, Value } from './graph.js';
import type { Attribute } from './proto.js';

/** Operations of ONNX that are an activation by themselves. */
const SINGLE: Readonly<Record<string, readonly [string, Readonly<Record<string, Attribute>>]>> = {
  relu: ['Relu', {}],
  elu: ['Elu', { alpha: { float: 1 } }],
  selu: ['Selu', { alpha: { float: 1.6732632423543772 }, gamma: { float: 1.0507009873554805 } }],
  sigmoid: ['Sigmoid', {}],
  hardSigmoid: ['HardSigmoid', { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }],
  hardSigmoid2: ['HardSigmoid', { alpha: { float: 0.2 }, beta: { float: 0.5 } }],
  hardSwish: ['HardSwish', {}],
  tanh: ['Tanh', {}],
  softplus: ['Softplus', {}],
  softsign: ['Softsign', {}],
  exponential: ['Exp', {}],
  leakyRelu: ['LeakyRelu', { alpha: { float: 0.2 } }],
};

/** Applies an activation to a value. */
export function activated(graph: OnnxGraph, activation: string, x: Value): Value {
  if (activation === 'linear') return x;
  if (activation === 'softmax') {
    const y = graph.node('Softmax', [x.channelsLast], { axis: { int: -1 } });
    return graph.last(x.shape, y);
  }
  const single = SINGLE[activation];
  if (single) return x.like(graph.node(single[0], [x.any], single[1]));
  return x.like(composed(graph, activation, x.any));
}

function composed(graph: OnnxGraph, activation: string, x: string): string {
  switch (activation) {
    case 'relu6':
      return graph.node('Clip', [x, graph.scalar(0), graph.scalar(6)]);
    case 'swish':
      return graph.node('Mul', [x, graph.node('Sigmoid', [x])]);
    case 'mish':
      return graph.node('Mul', [x, graph.node('Tanh', [graph.node('Softplus', [x])])]);
    case 'gelu': {
      const erf = graph.node('Erf', [graph.node('Mul', [x, graph.scalar(Math.SQRT1_2)])]);
      const half = graph.node('Mul', [x, graph.scalar(0.5)]);
      return graph.node('Mul', [half, graph.node('Add', [erf, graph.scalar(1)])]);
    }
    default:
      throw new Error(`the activation ${activation} has no form in ONNX`);
  }
}
