/** Dawn's name of the feature; it has no standard one yet. */
export const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix';

const WANTED_FEATURES: readonly string[] = [
  'subgroups',
  'timestamp-query',
  'shader-f16',
  MATRIX_FEATURE,
];
const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
  'maxStorageBuffersPerShaderStage',
] as const;

/** A device with everything of an adapter that fovea can use. */
export function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const { features, limits } = adapter;
  return adapter.requestDevice({
    requiredFeatures: [...features].filter((name) =>
      WANTED_FEATURES.includes(name),
    ) as GPUFeatureName[],
    requiredLimits: Object.fromEntries(WANTED_LIMITS.map((name) => [name, limits[name]])),
  });
}
