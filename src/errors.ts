/** What went wrong, for programs. The message of the error is for people. */
export type ErrorCode =
  /** Shapes, attributes or types of an operation disagree. */
  | 'SHAPE'
  /** An argument has a value that is not allowed. */
  | 'ARGUMENT'
  /** Data are unusable: NaN, a label out of range, an empty set. */
  | 'DATA'
  /** A file is missing, truncated, corrupt or of an unknown kind. */
  | 'FILE'
  /** A download failed, is not allowed, or gave something else than was published. */
  | 'NETWORK'
  /** No usable GPU was found. */
  | 'NO_GPU'
  /** The GPU was lost (reset, unplugged, destroyed). */
  | 'DEVICE_LOST'
  /** The GPU rejected a command: a defect of fovea or of the driver. */
  | 'VALIDATION'
  /** The GPU ran out of memory. */
  | 'OUT_OF_MEMORY'
  /** A tensor or dispatch is larger than the adapter allows. */
  | 'LIMIT'
  /** A tensor or model was used after `dispose()`. */
  | 'DISPOSED';

/** Every error that fovea throws on purpose. */
export class FoveaError extends Error {
  override readonly name = 'FoveaError';

  /**
   * @param code what went wrong, for programs
   * @param message names the operation, what disagrees with what, and the values received
   * @param options `hint`: one suggestion, appended to the message; `cause`: the underlying error
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(
      options.hint === undefined ? message : `${message}\n  ${options.hint}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
  }
}
