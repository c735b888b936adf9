import { conv2d, init, scope, sum, tensor } from 'fovea';

await init();
const image = tensor([
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
]).reshape([1, 3, 3, 1]);
const w = tensor([1, 0, -1, 0], [2, 2, 1, 1], { requiresGrad: true });
const loss = scope(() => sum(conv2d(image, w).square()));
loss.backward();
console.log(await loss.item(), await w.grad!.data());
