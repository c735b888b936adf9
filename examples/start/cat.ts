import { applications, centralCrop, datasets, vis, type Image } from 'fovea';

/** What a network sees in a photograph, and where. */
export interface Classified {
  readonly predictions: readonly applications.Prediction[];
  /** The part of the photograph that the network is given. */
  readonly photo: Image;
  /** The same, with what speaks for the best class in yellow. */
  readonly why: Image;
}

/** Classifies the bundled photograph of a cat with EfficientNet-Lite0, trained on ImageNet. */
export async function classifyCat(): Promise<Classified> {
  const model = await applications.efficientNetLite0({ weights: 'imagenet' });
  const whole = await datasets.photo('chelsea');
  const x = applications.prepareImage(model, whole);
  const scores = await model.predict(x);
  const [predictions] = await applications.decodePredictions(scores, { top: 4 });
  const cam = await vis.gradCam(model, x, {
    layer: 'top_activation',
    classIndex: predictions![0]!.index,
  });
  scores.dispose();
  model.dispose();
  const { cropFraction } = applications.inputContract('efficientNetLite0');
  const photo = centralCrop(whole, cropFraction);
  return { predictions: predictions!, photo, why: vis.overlay(photo, cam) };
}
