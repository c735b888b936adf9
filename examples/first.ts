import { datasets, init, layers, saveModel, sequential } from 'fovea';

await init(); // finds a GPU, or the embedded software one
const { train, test } = await datasets.digits();

const model = sequential([
  layers.input({ shape: [8, 8, 1] }),
  layers.conv2d({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
  layers.maxPooling2d({ poolSize: 2 }),
  layers.flatten(),
  layers.dropout({ rate: 0.25 }),
  layers.dense({ units: 10, activation: 'softmax' }),
]);
model.summary();
model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
await model.fit({ data: train.x, shape: train.shape }, train.y, {
  epochs: 20,
  validationSplit: 0.2,
});
const result = await model.evaluate({ data: test.x, shape: test.shape }, test.y);
console.log(result); // accuracy about 0.96
await saveModel(model, 'runs/digits.keras'); // opens in Keras, too
