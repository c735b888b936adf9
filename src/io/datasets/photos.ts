import { FoveaError } from '../../errors.js';
import { readImage, type Image } from '../images/image.js';

const files = {
  chelsea: 'chelsea.png',
  coffee: 'coffee.jpg',
  rocket: 'rocket.jpg',
} as const;

/** A bundled photograph: a cat, a cup of espresso, a rocket launch. */
export type PhotoName = keyof typeof files;

/** The names that `photo` knows. */
export const photoNames = Object.keys(files) as readonly PhotoName[];

/**
 * A photograph to try a classifier on, bundled with the package (credits: data/CREDITS.md).
 * `chelsea`, a cat, 451 x 300; `coffee`, a cup of espresso, 600 x 400; `rocket`, a launch,
 * 640 x 427. All RGB.
 *
 * @throws FoveaError `ARGUMENT` for another name
 */
export async function photo(name: PhotoName): Promise<Image> {
  if (!Object.hasOwn(files, name)) {
    throw new FoveaError('ARGUMENT', `There is no bundled photograph '${name}'.`, {
      hint: `Choose one of ${photoNames.join(', ')}.`,
    });
  }
  return readImage(new URL(`../../../data/${files[name]}`, import.meta.url));
}
