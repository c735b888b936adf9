import { FoveaError } from '../../errors.js';
import type { Graph, SymbolicTensor } from '../../nn/graph.js';
import type { Layer } from '../../nn/layer.js';
import { Model } from '../../nn/model.js';
import type { StoredTensor } from '../formats/array.js';
import { OnnxGraph, type Value } from './graph.js';
import { canConvert, convertLayer, unsupported } from './layers.js';
import { encodeOnnx, type ValueInfo } from './proto.js';

/**
 * A model for inference as ONNX (opset 17). Inputs and outputs have the names and shapes that they
 * have here; the size of the batch is open. Random layers are left out.
 *
 * @param weights of the model, under their names
 * @throws FoveaError FILE that lists the layers that have no form in ONNX
 */
export function writeOnnx(model: Model, weights: ReadonlyMap<string, StoredTensor>): Uint8Array {
  const strange = strangeLayers(model);
  if (strange.length > 0) {
    throw new FoveaError('FILE', `ONNX has no form for ${strange.join(', ')}`);
  }
  const graph = new OnnxGraph();
  const inputs = model.inputs.map(({ name, shape }) => graph.last(shape, name));
  const results = addGraph(graph, model.graph, '', inputs, weights);
  results.forEach((value, i) => {
    const { name } = model.outputs[i]!;
    const inputs = [value.channelsLast];
    graph.nodes.push({ op: 'Identity', name: `output_${i}`, inputs, output: name, attributes: {} });
  });
  return encodeOnnx({
    name: model.name,
    nodes: graph.nodes,
    initializers: graph.initializers,
    inputs: model.inputs.map(info),
    outputs: model.outputs.map(info),
  });
}

function info({ name, shape }: SymbolicTensor): ValueInfo {
  return { name, shape: [null, ...shape] };
}

function strangeLayers(model: Model, prefix = ''): string[] {
  return model.layers.flatMap((layer) => {
    const path = `${prefix}${layer.name}`;
    if (layer instanceof Model) return strangeLayers(layer, `${path}/`);
    return canConvert(layer.className) ? [] : [`${path} (${layer.className})`];
  });
}

function addGraph(
  graph: OnnxGraph,
  { inputs: starts, calls, outputs }: Graph,
  prefix: string,
  inputs: readonly Value[],
  weights: ReadonlyMap<string, StoredTensor>,
): Value[] {
  const values = new Map(starts.map((symbol, i) => [symbol, inputs[i]!]));
  for (const call of calls) {
    const { layer } = call;
    const from = call.inputs.map((symbol) => values.get(symbol)!);
    const results =
      layer instanceof Model
        ? addGraph(
            graph,
            layer.graphFor(call.inputs.map(({ shape }) => shape)),
            `${prefix}${layer.name}/`,
            from,
            weights,
          )
        : [addLayer(graph, layer, prefix, from, weights, call.outputs)];
    call.outputs.forEach((symbol, i) => values.set(symbol, results[i]!));
  }
  return outputs.map((symbol) => values.get(symbol)!);
}

function addLayer(
  graph: OnnxGraph,
  layer: Layer,
  prefix: string,
  inputs: readonly Value[],
  weights: ReadonlyMap<string, StoredTensor>,
  [output, second]: readonly SymbolicTensor[],
): Value {
  if (second) throw unsupported(layer, 'with several results');
  const path = `${prefix}${layer.name}`;
  graph.scope = path;
  return convertLayer({
    ...{ graph, layer, config: layer.getConfig(), inputs, outputShape: output!.shape },
    weight: (role) => weights.get(`${path}/${role}`)!,
    has: (role) => weights.has(`${path}/${role}`),
  });
}
