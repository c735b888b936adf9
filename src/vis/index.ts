/** Pictures of networks, data and results. */
export { confusionImage, lineChartImage } from './chart_png.js';
export {
  classificationReport,
  confusionMatrix,
  type ClassificationReport,
  type ClassScores,
  type ConfusionMatrix,
} from './confusion.js';
export { gradCam, overlay, type CamMap, type GradCamOptions } from './grad_cam.js';
export { plotModel } from './graph.js';
export { activationImages, activationTiles, filterImages, filterTiles } from './maps.js';
export { categoryColor, diverging, grays, okabeIto, viridis, type ColorMap } from './palette.js';
export { heatmap, imageGrid, normalise, upscale, type Range } from './raster.js';
export { htmlReport, type Block, type GalleryItem, type Report, type Section } from './report.js';
export { sampleGrid, type Sample } from './sample_grid.js';
export { type LineChart, type Series } from './scale.js';
export { confusionSvg, lineChartSvg } from './svg.js';
export { trainingReport, type Judged, type TrainingRun } from './training_report.js';
