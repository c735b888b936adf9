/** Data sets that come with the package. */
export { digits, type Digits, type DigitsSplit } from './digits.js';
export { photo, photoNames, type PhotoName } from './photos.js';
