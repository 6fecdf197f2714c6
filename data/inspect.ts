/** What a dataset holds, in figures. */
import type { AnnotatedDataset, DropReason } from './annotations.ts';

/** Least, quartiles and greatest of some values; null where there are none. */
export interface Spread {
  readonly min: number;
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
  readonly max: number;
}

/** Figures of a dataset after its filters. */
export interface DatasetFigures {
  readonly images: number;
  readonly objects: number;
  readonly crowd: number;
  /** In class index order: how many boxes, in how many images, and their areas relative to the image. */
  readonly classes: readonly { name: string; objects: number; images: number; area: Spread | null }[];
  /** Images by their number of objects: index 0 counts those without any. */
  readonly objectsPerImage: readonly number[];
  /** Width and height of the images in pixels. */
  readonly imageWidth: Spread | null;
  readonly imageHeight: Spread | null;
  /** Shorter sides of the boxes relative to the image's side: a grid coarser than this blurs them. */
  readonly shortSide: Spread | null;
  /** By COCO's bounds of 32^2 and 96^2 square pixels. */
  readonly boxSizes: { readonly small: number; readonly medium: number; readonly large: number };
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly clipped: number;
}

/** The spread of values; quartiles are the nearest ranks. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))];
  return { min: at(0), lower: at(0.25), median: at(0.5), upper: at(0.75), max: at(1) };
}

/** Counts and sizes of a dataset. */
export function datasetFigures(dataset: AnnotatedDataset): DatasetFigures {
  const { categories, images, dropped, clipped } = dataset;
  const areas: number[][] = categories.map(() => []);
  const imagesWith = categories.map(() => 0);
  const objectsPerImage: number[] = [];
  const shortSides: number[] = [];
  const boxSizes = { small: 0, medium: 0, large: 0 };
  let crowd = 0;
  for (const { width, height, objects } of images) {
    while (objectsPerImage.length <= objects.length) objectsPerImage.push(0);
    objectsPerImage[objects.length]++;
    for (const classIndex of new Set(objects.map((object) => object.classIndex))) imagesWith[classIndex]++;
    for (const { classIndex, xyxyUnit: [x0, y0, x1, y1], crowd: isCrowd } of objects) {
      const area = (x1 - x0) * (y1 - y0);
      const areaPx = area * width * height;
      areas[classIndex].push(area);
      shortSides.push(Math.min(x1 - x0, y1 - y0));
      boxSizes[areaPx < 32 ** 2 ? 'small' : areaPx < 96 ** 2 ? 'medium' : 'large']++;
      crowd += Number(isCrowd);
    }
  }
  return {
    images: images.length,
    objects: shortSides.length,
    crowd,
    classes: categories.map(({ name }, i) =>
      ({ name, objects: areas[i].length, images: imagesWith[i], area: spreadOf(areas[i]) })),
    objectsPerImage,
    imageWidth: spreadOf(images.map(({ width }) => width)),
    imageHeight: spreadOf(images.map(({ height }) => height)),
    shortSide: spreadOf(shortSides),
    boxSizes,
    dropped,
    clipped,
  };
}

function spreadLine(spread: Spread | null, format: (value: number) => string): string {
  if (!spread) return '-';
  const [min, lower, median, upper, max] =
    [spread.min, spread.lower, spread.median, spread.upper, spread.max].map((value) => format(value));
  return min === max ? min : `${median} (${min} .. ${lower} .. ${upper} .. ${max})`;
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

/** The figures as lines for a person; spreads read median (min .. quartiles .. max). */
export function figureLines(figures: DatasetFigures): string[] {
  const { images, objects, crowd, classes, objectsPerImage, boxSizes, dropped, clipped } = figures;
  const nameWidth = Math.max(...classes.map(({ name }) => name.length));
  const filtered = Object.entries(dropped).filter(([, count]) => count > 0);
  const pixels = (value: number): string => `${value}`;
  return [
    `images            ${images}, ${spreadLine(figures.imageWidth, pixels)} x ` +
      `${spreadLine(figures.imageHeight, pixels)} px`,
    `objects           ${objects}${crowd > 0 ? `, ${crowd} of them crowds` : ''}`,
    `objects an image  ${objectsPerImage.map((count, n) => `${n}: ${count}`).filter((_, n) => objectsPerImage[n] > 0)
      .join('  ')}`,
    `box sizes         ${boxSizes.small} small, ${boxSizes.medium} medium, ${boxSizes.large} large; short side ` +
      `${spreadLine(figures.shortSide, percent)} of the image`,
    `filters           ${filtered.map(([reason, count]) => `${count} x ${reason}`).join(', ') || 'dropped nothing'}` +
      `${clipped > 0 ? `; ${clipped} boxes clipped to the image` : ''}`,
    `classes           ${classes.length}: boxes, images, area of the image`,
    ...classes.map(({ name, objects: boxes, images: shown, area }) =>
      `  ${name.padEnd(nameWidth)}  ${String(boxes).padStart(6)}  ${String(shown).padStart(6)}  ` +
      spreadLine(area, percent)),
  ];
}
