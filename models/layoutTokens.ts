/**
 * Layouts as token sequences: boxes and classes <-> ids of one shared vocabulary [Jahn et al. 2021; LDM layout2img].
 *
 *   sequence   [L] Int32Array, L = 3 N, or 3 N + 2 with the crop rectangle
 *   object     (class, top left corner, bottom right corner), unused slots all `none`
 *   corner     row * S + column on an S x S grid whose outermost points lie on the image's edges
 *   none       K - 1, the last row
 *
 * Class tokens 0 .. C - 1 and grid cells 0 .. S^2 - 1 are the same numbers and share embedding rows: only the position
 * in the sequence tells them apart, hence `slotRows`. Object order carries no information. Boxes are xyxy fractions
 * of the image. The group, occlusion and depiction bits that Open Images adds to class tokens are not used.
 */
import { check, UserError } from '../engine/errors.ts';
import type { RandomStream } from '../engine/random.ts';

/** Corners as fractions of the image: x0, y0, x1, y1 in [0, 1], x to the right, y downwards. */
export type XyxyUnit = readonly [number, number, number, number];

/** One object of a layout. */
export interface LayoutObject {
  /** 0 .. classCount - 1 */
  readonly classIndex: number;
  readonly xyxyUnit: XyxyUnit;
}

/** What the caller chooses; `layoutVocabulary` derives the rest. */
export interface LayoutVocabularyConfig {
  /** K, rows of the shared table: at least gridSide^2 + 1, since the last row is `none`. Published: 8192. */
  readonly vocabularySize: number;
  /** C. Published for COCO: 80 things, or 171 with stuff. */
  readonly classCount: number;
  /** N, object slots. Published: 30. */
  readonly maxObjects: number;
  /** Whether two crop tokens end the sequence. Published: true. */
  readonly encodeCrop: boolean;
}

/** A vocabulary with everything that follows from its config. */
export interface LayoutVocabulary extends LayoutVocabularyConfig {
  /** S = floor(sqrt(K)): 90 for the published 8192. */
  readonly gridSide: number;
  /** The token of an empty slot, K - 1. */
  readonly none: number;
  /** L, tokens in a sequence. */
  readonly length: number;
}

/** The published layout2img vocabulary, for 80 COCO things: K 8192, S 90, L 92. */
export const publishedVocabulary: LayoutVocabularyConfig = {
  vocabularySize: 8192,
  classCount: 80,
  maxObjects: 30,
  encodeCrop: true,
};

/** The whole image: what the crop tokens say of an image that was not cropped. */
export const wholeImageXyxyUnit: XyxyUnit = [0, 0, 1, 1];

/**
 * Completes a vocabulary.
 * @throws UserError when the table cannot hold all grid cells or classes next to `none`, or there is no object slot.
 */
export function layoutVocabulary(config: LayoutVocabularyConfig): LayoutVocabulary {
  const { vocabularySize, classCount, maxObjects, encodeCrop } = config;
  const fields = { vocabularySize, classCount, maxObjects };
  for (const [name, value] of Object.entries(fields)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new UserError(`layout vocabulary: ${name} must be a whole number from 1, found ${value}`);
    }
  }
  const gridSide = Math.floor(Math.sqrt(vocabularySize));
  if (gridSide < 2 || gridSide * gridSide >= vocabularySize) {
    throw new UserError(
      `layout vocabulary: vocabularySize ${vocabularySize} leaves no row for "none" beside a ${gridSide} x ` +
        `${gridSide} grid (at least 2 x 2). Use ${Math.max(2, gridSide) ** 2 + 1}.`,
    );
  }
  if (classCount >= vocabularySize) {
    throw new UserError(
      `layout vocabulary: ${classCount} classes and "none" need ${classCount + 1} rows, vocabularySize is ` +
        `${vocabularySize}. Raise it to more than the class count.`,
    );
  }
  const length = 3 * maxObjects + (encodeCrop ? 2 : 0);
  return { vocabularySize, classCount, maxObjects, encodeCrop, gridSide, none: vocabularySize - 1, length };
}

/** What a position of the sequence holds. */
export type SlotKind = 'class' | 'corner' | 'crop';

/** The kind of the slot at a position 0 .. L - 1. */
export function slotKind(vocabulary: LayoutVocabulary, position: number): SlotKind {
  check(Number.isInteger(position) && position >= 0 && position < vocabulary.length,
    () => `slotKind: position must be in 0 .. ${vocabulary.length - 1}, found ${position}`);
  if (position >= 3 * vocabulary.maxObjects) return 'crop';
  return position % 3 === 0 ? 'class' : 'corner';
}

/** The rows a kind of slot may hold, ascending: its classes or grid cells, and `none` except in crop slots. */
export function rowsOfKind(vocabulary: LayoutVocabulary, kind: SlotKind): Int32Array {
  const { classCount, gridSide, none } = vocabulary;
  const count = kind === 'class' ? classCount : gridSide * gridSide;
  const rows = Int32Array.from({ length: kind === 'crop' ? count : count + 1 }, (_, i) => i);
  if (kind !== 'crop') rows[count] = none;
  return rows;
}

/** The rows the slot at a position may hold; see `rowsOfKind`. */
export function slotRows(vocabulary: LayoutVocabulary, position: number): Int32Array {
  return rowsOfKind(vocabulary, slotKind(vocabulary, position));
}

/** Rounds x >= 0 to the nearest integer, halves to even, as the published tokeniser does; Math.round goes up. */
function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** The grid cell nearest to a point: round(y (S - 1)) S + round(x (S - 1)), with x and y in [0, 1]. */
export function encodePoint(vocabulary: LayoutVocabulary, xUnit: number, yUnit: number): number {
  check(xUnit >= 0 && xUnit <= 1 && yUnit >= 0 && yUnit <= 1,
    () => `encodePoint: x and y must lie in [0, 1], found (${xUnit}, ${yUnit}). Is the box in pixels?`);
  const last = vocabulary.gridSide - 1;
  return roundHalfToEven(yUnit * last) * vocabulary.gridSide + roundHalfToEven(xUnit * last);
}

/** The point (x, y), in [0, 1], of a grid cell 0 .. S^2 - 1. */
export function decodePoint(vocabulary: LayoutVocabulary, token: number): [number, number] {
  const { gridSide } = vocabulary;
  check(Number.isInteger(token) && token >= 0 && token < gridSide * gridSide,
    () => `decodePoint: a grid cell must be in 0 .. ${gridSide * gridSide - 1}, found ${token}`);
  return [(token % gridSide) / (gridSide - 1), Math.floor(token / gridSide) / (gridSide - 1)];
}

/** First and last cell index along one axis, moved apart by one cell where both ends round to the same one. */
function spreadCells(low: number, high: number, last: number): [number, number] {
  const first = roundHalfToEven(low * last);
  const second = roundHalfToEven(high * last);
  if (first !== second) return [first, second];
  const centreIsBelow = (low + high) / 2 * last < first;
  return first === last || (centreIsBelow && first > 0) ? [first - 1, first] : [first, first + 1];
}

/** Choices of `encodeLayout`. */
export interface EncodeOptions {
  /** The crop rectangle in the full image; only with `encodeCrop`. Default: the whole image. */
  readonly cropXyxyUnit?: XyxyUnit;
  /**
   * A box thinner than a grid cell can round to no width, which decoding drops as illegal. True widens it to one cell,
   * so that every encoded object decodes; false keeps the published behaviour. Default: true.
   */
  readonly widenThin?: boolean;
}

/**
 * Tokens [L] of objects in the order given: triples, then `none`, then the crop if the vocabulary has it.
 * @throws Error on more than N objects, a class out of range, or a box outside [0, 1] or with x1 < x0 or y1 < y0.
 */
export function encodeLayout(
  vocabulary: LayoutVocabulary,
  objects: readonly LayoutObject[],
  options: EncodeOptions = {},
): Int32Array {
  const { gridSide, classCount, maxObjects, none, length, encodeCrop } = vocabulary;
  check(objects.length <= maxObjects,
    () => `encodeLayout: ${objects.length} objects do not fit ${maxObjects} slots. Filter the dataset by maxObjects.`);
  const tokens = new Int32Array(length).fill(none);
  objects.forEach(({ classIndex, xyxyUnit: [x0, y0, x1, y1] }, object) => {
    check(Number.isInteger(classIndex) && classIndex >= 0 && classIndex < classCount,
      () => `encodeLayout: class of object ${object} must be in 0 .. ${classCount - 1}, found ${classIndex}`);
    check(x1 >= x0 && y1 >= y0, () => `encodeLayout: object ${object} has x1 < x0 or y1 < y0: ${[x0, y0, x1, y1]}`);
    let topLeft = encodePoint(vocabulary, x0, y0);
    let bottomRight = encodePoint(vocabulary, x1, y1);
    if (options.widenThin ?? true) {
      const [column0, column1] = spreadCells(x0, x1, gridSide - 1);
      const [row0, row1] = spreadCells(y0, y1, gridSide - 1);
      topLeft = row0 * gridSide + column0;
      bottomRight = row1 * gridSide + column1;
    }
    tokens.set([classIndex, topLeft, bottomRight], 3 * object);
  });
  check(encodeCrop || options.cropXyxyUnit === undefined, 'encodeLayout: this vocabulary has no crop slots');
  if (encodeCrop) {
    const [x0, y0, x1, y1] = options.cropXyxyUnit ?? wholeImageXyxyUnit;
    tokens.set([encodePoint(vocabulary, x0, y0), encodePoint(vocabulary, x1, y1)], 3 * maxObjects);
  }
  return tokens;
}

/** A layout without objects, of the whole image. */
export function emptyLayout(vocabulary: LayoutVocabulary): Int32Array {
  return encodeLayout(vocabulary, []);
}

/**
 * Why a triple is no object: `absent` all three slots none, `partial` some of them, `class` class token out of range,
 * `corner` a corner off the grid, `area` x1 <= x0 or y1 <= y0. The published description names objects with a none
 * value and illegal boxes; what exactly is illegal is unspecified there, this definition is ours.
 */
export type TripleFault = 'absent' | 'partial' | 'class' | 'corner' | 'area';

/** The fault of the triple in object slot 0 .. N - 1, or null when it is an object. */
export function tripleFault(vocabulary: LayoutVocabulary, tokens: Int32Array, object: number): TripleFault | null {
  const { gridSide, classCount, none } = vocabulary;
  const classToken = tokens[3 * object];
  const topLeft = tokens[3 * object + 1];
  const bottomRight = tokens[3 * object + 2];
  const empty = Number(classToken === none) + Number(topLeft === none) + Number(bottomRight === none);
  if (empty > 0) return empty === 3 ? 'absent' : 'partial';
  if (classToken < 0 || classToken >= classCount) return 'class';
  const cells = gridSide * gridSide;
  if (topLeft < 0 || topLeft >= cells || bottomRight < 0 || bottomRight >= cells) return 'corner';
  const wide = bottomRight % gridSide > topLeft % gridSide;
  const high = Math.floor(bottomRight / gridSide) > Math.floor(topLeft / gridSide);
  return wide && high ? null : 'area';
}

function expectSequence(vocabulary: LayoutVocabulary, tokens: Int32Array, caller: string): void {
  check(tokens.length === vocabulary.length, () =>
    `${caller}: a layout has ${vocabulary.length} tokens, found ${tokens.length}. Another maxObjects or encodeCrop?`);
}

/** An object read from a sequence, with the slot 0 .. N - 1 it came from. */
export interface DecodedObject extends LayoutObject {
  readonly slot: number;
}

/** What a sequence holds. */
export interface DecodedLayout {
  /** The legal triples, in sequence order. */
  readonly objects: DecodedObject[];
  /** How many triples were not objects, by fault. */
  readonly faults: Record<TripleFault, number>;
}

/** Reads the legal triples of tokens [L]; nothing is repaired, the rest is counted by fault. */
export function decodeLayout(vocabulary: LayoutVocabulary, tokens: Int32Array): DecodedLayout {
  expectSequence(vocabulary, tokens, 'decodeLayout');
  const layout: DecodedLayout = { objects: [], faults: { absent: 0, partial: 0, class: 0, corner: 0, area: 0 } };
  for (let slot = 0; slot < vocabulary.maxObjects; slot++) {
    const fault = tripleFault(vocabulary, tokens, slot);
    if (fault) {
      layout.faults[fault]++;
      continue;
    }
    const [x0, y0] = decodePoint(vocabulary, tokens[3 * slot + 1]);
    const [x1, y1] = decodePoint(vocabulary, tokens[3 * slot + 2]);
    layout.objects.push({ slot, classIndex: tokens[3 * slot], xyxyUnit: [x0, y0, x1, y1] });
  }
  return layout;
}

/** The crop rectangle of tokens [L]; the whole image where the vocabulary has no crop slots. */
export function decodeCrop(vocabulary: LayoutVocabulary, tokens: Int32Array): XyxyUnit {
  expectSequence(vocabulary, tokens, 'decodeCrop');
  if (!vocabulary.encodeCrop) return wholeImageXyxyUnit;
  const first = 3 * vocabulary.maxObjects;
  const [x0, y0] = decodePoint(vocabulary, tokens[first]);
  const [x1, y1] = decodePoint(vocabulary, tokens[first + 1]);
  return [x0, y0, x1, y1];
}

/** An object in the pixels of its image: COCO's box, x, y, width, height with x and y the top left corner. */
export interface TokenDetection {
  readonly slot: number;
  readonly classIndex: number;
  readonly xywhPx: readonly [number, number, number, number];
}

/** The legal triples of tokens [L] as boxes in an image of the given width and height in pixels. */
export function tokensToDetections(
  vocabulary: LayoutVocabulary,
  tokens: Int32Array,
  image: { readonly width: number; readonly height: number },
): TokenDetection[] {
  const { width, height } = image;
  return decodeLayout(vocabulary, tokens).objects.map(({ slot, classIndex, xyxyUnit: [x0, y0, x1, y1] }) =>
    ({ slot, classIndex, xywhPx: [x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height] }));
}

/** Tokens [L] with the given object slots of the source first, in that order, then `none`; crop tokens kept. */
function gatherObjects(vocabulary: LayoutVocabulary, tokens: Int32Array, slots: readonly number[]): Int32Array {
  const gathered = tokens.slice().fill(vocabulary.none, 0, 3 * vocabulary.maxObjects);
  slots.forEach((slot, i) => gathered.set(tokens.subarray(3 * slot, 3 * slot + 3), 3 * i));
  return gathered;
}

/** Slots 0 .. N - 1 whose triple is not all `none`. */
function presentSlots(vocabulary: LayoutVocabulary, tokens: Int32Array): number[] {
  const slots = Array.from({ length: vocabulary.maxObjects }, (_, slot) => slot);
  return slots.filter((slot) => tripleFault(vocabulary, tokens, slot) !== 'absent');
}

/** The layout without its partial and illegal triples: legal ones first, in order, then padding. */
export function dropInvalid(vocabulary: LayoutVocabulary, tokens: Int32Array): Int32Array {
  const { objects } = decodeLayout(vocabulary, tokens);
  return gatherObjects(vocabulary, tokens, objects.map((object) => object.slot));
}

/** The layout with its objects in random order, padding last: order carries no information in training data. */
export function shuffleLayout(vocabulary: LayoutVocabulary, tokens: Int32Array, random: RandomStream): Int32Array {
  expectSequence(vocabulary, tokens, 'shuffleLayout');
  const slots = presentSlots(vocabulary, tokens);
  return gatherObjects(vocabulary, tokens, random.permutation(slots.length).map((i) => slots[i]));
}

/** The layout in canonical order: by class, then top left corner, then bottom right corner; padding last. */
export function sortLayout(vocabulary: LayoutVocabulary, tokens: Int32Array): Int32Array {
  expectSequence(vocabulary, tokens, 'sortLayout');
  const by = (a: number, b: number, part: number): number => tokens[3 * a + part] - tokens[3 * b + part];
  const slots = presentSlots(vocabulary, tokens).sort((a, b) => by(a, b, 0) || by(a, b, 1) || by(a, b, 2));
  return gatherObjects(vocabulary, tokens, slots);
}

/**
 * The layout of the mirrored image (x -> 1 - x), crop included. Exact on the grid; it can differ by one cell from
 * tokenising mirrored boxes where a corner lies halfway between two cells, as rounding to even is not symmetric.
 */
export function flipLayout(vocabulary: LayoutVocabulary, tokens: Int32Array): Int32Array {
  expectSequence(vocabulary, tokens, 'flipLayout');
  const { gridSide, maxObjects, length } = vocabulary;
  const cells = gridSide * gridSide;
  const flipped = tokens.slice();
  const column = (token: number): number => token % gridSide;
  const swap = (first: number): void => {
    const [topLeft, bottomRight] = [tokens[first], tokens[first + 1]];
    if (Math.max(topLeft, bottomRight) >= cells) return; // `none` has no place to move
    flipped[first] = topLeft - column(topLeft) + gridSide - 1 - column(bottomRight);
    flipped[first + 1] = bottomRight - column(bottomRight) + gridSide - 1 - column(topLeft);
  };
  for (let slot = 0; slot < maxObjects; slot++) swap(3 * slot + 1);
  if (length > 3 * maxObjects) swap(3 * maxObjects);
  return flipped;
}

/** A box of the mirrored image. */
export function flipXyxyUnit([x0, y0, x1, y1]: XyxyUnit): XyxyUnit {
  return [1 - x1, y0, 1 - x0, y1];
}

/**
 * The objects that a crop of the image leaves: those without area in common with it go. With `encodeCrop` the boxes
 * stay in the full image, as the crop tokens tell the model where it looks; otherwise they are clipped to the crop,
 * both corners, and given as fractions of it.
 */
export function cropObjects<T extends LayoutObject>(
  vocabulary: LayoutVocabulary,
  objects: readonly T[],
  cropXyxyUnit: XyxyUnit,
): T[] {
  const [left, top, right, bottom] = cropXyxyUnit;
  check(right > left && bottom > top, () => `cropObjects: the crop ${cropXyxyUnit} has no area`);
  const within = objects.filter(({ xyxyUnit: [x0, y0, x1, y1] }) =>
    Math.min(x1, right) > Math.max(x0, left) && Math.min(y1, bottom) > Math.max(y0, top));
  if (vocabulary.encodeCrop) return within;
  const fraction = (value: number, low: number, high: number): number =>
    (Math.min(Math.max(value, low), high) - low) / (high - low);
  return within.map((object) => {
    const [x0, y0, x1, y1] = object.xyxyUnit;
    return { ...object, xyxyUnit: [
      fraction(x0, left, right), fraction(y0, top, bottom), fraction(x1, left, right), fraction(y1, top, bottom)] };
  });
}
