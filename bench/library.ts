import type { StoredTensor } from '../src/io/formats/array.js';
import type { Row } from './row.js';

/** One use of a layer, in the words of Keras. */
export interface NetworkLayer {
  readonly className: string;
  readonly name: string;
  /** The options of the layer that are numbers, texts, flags or lists of them, in camelCase. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the layers whose results go in. */
  readonly inputs: readonly string[];
  /** In Keras's order. */
  readonly weights: readonly StoredTensor[];
}

/** A network for the peers: the same layers and weights as ours. */
export interface Network {
  /** Of a sample. */
  readonly inputShape: readonly number[];
  /** In the order in which they run; the last one gives the result. */
  readonly layers: readonly NetworkLayer[];
}

/** A row with its values, the same for every library. */
export interface Task {
  readonly row: Row;
  /** [n, height, width, channels], filters [height, width, in, out]. */
  readonly inputs: Readonly<Record<string, StoredTensor>>;
  /** Of rows that run a network. */
  network(): Promise<Network>;
  /** Of training steps: one-hot, [n, 10]. */
  readonly labels: Float32Array;
  /**
   * The row as an ONNX model, undefined where ONNX has no such operation.
   *
   * @param channelsFirst whether pictures come and go as [n, channels, height, width]; the inputs of
   *   networks never do
   */
  onnx(channelsFirst: boolean): Promise<Uint8Array | undefined>;
}

/** A row made ready on one library: everything is uploaded. */
export interface Prepared {
  /** Does the work once, or leaves it to the device. */
  readonly start: () => void | Promise<void>;
  /** Resolves when all that was started is finished. */
  readonly finish: () => Promise<void>;
  /** What the last run gave, ordered as ours. */
  readonly result: () => Promise<Float32Array>;
  readonly dispose: () => void | Promise<void>;
}

/** A library under test. */
export interface Library {
  readonly name: string;
  readonly place: 'gpu' | 'cpu';
  /** How far its results may differ where that is more than a row allows: it rounds to float16. */
  readonly tolerance?: number;
  /** Makes a row ready; a text says why it cannot be run. */
  prepare(task: Task): Promise<Prepared | string>;
}

/** One-hot labels [samples, classes] for a training step: classes in turn. */
export function labels(samples: number, classes: number): Float32Array {
  return Float32Array.from({ length: samples * classes }, (_, i) =>
    Number(i % classes === Math.floor(i / classes) % classes),
  );
}
