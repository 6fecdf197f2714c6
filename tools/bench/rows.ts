import { adamWRow } from './adamW.ts';
import { attentionForwardRow, attentionTrainRow } from './attention.ts';
import { convForwardRow, convTrainRow } from './conv.ts';
import { groupNormRow } from './groupNorm.ts';
import { inferenaTrainRow } from './inferenaTrain.ts';
import { matmulRow } from './matmul.ts';
import type { Row } from './row.ts';
import { tinyTrainRow } from './tinyTrain.ts';
import { tinyInvertRows } from './generatorSteps.ts';

/** All rows, in the order in which they are run. */
export const benchRows: readonly Row[] = [
  matmulRow(512), matmulRow(1024), convForwardRow, convTrainRow, attentionForwardRow, attentionTrainRow, groupNormRow,
  adamWRow, tinyTrainRow, inferenaTrainRow, ...tinyInvertRows,
];

/** Rows with those that are compared with them, each in the order given; one whose other is not there stands alone. */
export function besideEachOther(rows: readonly Row[]): Row[][] {
  const sets: Row[][] = [];
  for (const row of rows) {
    const other = sets.find(([first]) => first!.name === row.beside);
    if (other) other.push(row);
    else sets.push([row]);
  }
  return sets;
}
