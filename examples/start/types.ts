import type { datasets } from 'fovea';

/** The bundled digits. */
export type Digits = datasets.Digits;
