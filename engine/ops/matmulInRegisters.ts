/**
 * Matrix products in registers (`matmulSubgroup.wgsl`), for adapters where a broadcast within a subgroup is cheap.
 *
 * One side of the product gives the rows, whose values go round by broadcasts, the other the columns, which the lanes
 * hold. Which side is which, and how large the tile is, makes the variants.
 */
import { groups, maxGroupsPerAxis } from '../grid.ts';
import { withFields } from '../immediates.ts';
import { output, type FinishingCall, type KernelCall, type Operand, type Variant } from '../op.ts';
import source from '../shaders/matmulSubgroup.wgsl';
import registerTile from '../shaders/registerTile.wgsl';
import type { DType } from '../tensor.ts';

/** An operand as `length` vectors of K values; offsets in elements. */
export interface Side {
  readonly operand: Operand;
  readonly dtype: DType;
  readonly length: number;
  /** From one vector to the next, from one value of a vector to the next, and from one batch to the next. */
  readonly step: number;
  readonly along: number;
  readonly batch: number;
}

export interface Product {
  readonly B: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly a: Side;
  readonly b: Side;
  /** Where b and the product lie by heads, else null. */
  readonly heads: Heads | null;
  readonly flops: number;
  readonly bytes: number;
}

/** b [.., K, heads, N] and y [.., M, heads, N], which begins at element `start` of the output: nothing can follow. */
interface Heads {
  readonly count: number;
  readonly start: number;
}

interface Tile {
  readonly name: string;
  readonly rows: 8 | 16;
  /** Columns that a lane holds. */
  readonly columns: 2 | 4;
  /** Whether b gives the rows and a the columns. */
  readonly swapped: boolean;
  /** Time of a tile beside that of the first, as measured on llvmpipe. */
  readonly cost: number;
}

const tiles: readonly Tile[] = [
  { name: 'subgroup', rows: 16, columns: 4, swapped: false, cost: 1 },
  { name: 'subgroupNarrow', rows: 16, columns: 2, swapped: false, cost: 0.62 },
  { name: 'subgroupShort', rows: 8, columns: 4, swapped: false, cost: 0.68 },
  { name: 'subgroupSwapped', rows: 16, columns: 4, swapped: true, cost: 1.1 },
];

/** Variants that the grid can hold, by what the tiles cost in all; no fewer tiles than cores are of use. */
export function variantsInRegisters(product: Product): Variant[] {
  const { M, N, B } = product;
  const grid = ({ rows, columns, swapped }: Tile): [number, number, number] => {
    const [down, across] = swapped ? [N, M] : [M, N];
    return [groups(across, 8 * columns), groups(down, rows), Math.min(B, maxGroupsPerAxis)];
  };
  const cost = (tile: Tile): number => {
    const [x, y] = grid(tile);
    return Math.max(x * y * B, 2) * tile.cost;
  };
  return tiles.filter((tile) => Math.max(...grid(tile)) <= maxGroupsPerAxis)
    .sort((one, other) => cost(one) - cost(other))
    .map((tile) => variant(product, tile, grid(tile)));
}

function variant(product: Product, tile: Tile, grid: [number, number, number]): Variant {
  const { B, M, N, K, a, b, heads, flops, bytes } = product;
  const [rows, columns] = tile.swapped ? [b, a] : [a, b];
  const rowLength = heads ? heads.count * N : N;
  const [rowY, columnY] = tile.swapped ? [1, rowLength] : [rowLength, 1];
  const whole = tile.columns === 4 && !tile.swapped && N % 4 === 0;
  const shader = heads ? withFields('matmulSubgroup', source, 'heads: u32, start: u32') : source;
  const call: KernelCall = {
    label: 'matmulSubgroup',
    source: [
      `const ROWS = ${tile.rows}u;`, `const COLUMNS = ${tile.columns}u;`, `alias V = vec${tile.columns}f;`,
      ...places(product, tile), ...rowLoads(rows, K), ...columnLoads(columns, K, tile.columns),
      ...(whole ? storeFours(heads === null) : storeOnes(heads === null, tile)), registerTile, shader,
    ].join('\n'),
    constants: {},
    bindings: [rows.operand, columns.operand, output],
    immediates: [
      tile.swapped ? N : M, tile.swapped ? M : N, K, B, rows.batch, rows.step, rows.along,
      columns.batch, columns.along, columns.step, rowY, columnY, ...(heads ? [heads.count, heads.start] : []),
    ],
    grid,
    flops,
    bytes,
  };
  const finishing: FinishingCall = { ...call, finish: { width: whole ? 4 : 1, rowLength: N } };
  return { name: tile.name, scratch: [], calls: [heads ? call : finishing] };
}

/** Where the matrices of a batch begin. */
function places({ heads }: Product, { swapped }: Tile): string[] {
  const place = (matrix: string, start: string): string => `fn place${matrix}(batch: u32) -> u32 { return ${start}; }`;
  if (!heads) {
    return [
      place('A', 'batch * dims.batchA'), place('B', 'batch * dims.batchB'), place('Y', 'batch * dims.M * dims.N'),
    ];
  }
  const [stored, headed] = swapped ? ['B', 'A'] : ['A', 'B'];
  const head = `batch % dims.heads * dims.${swapped ? 'M' : 'N'}`;
  return [
    place(stored, `batch * dims.batch${stored}`),
    place(headed, `batch / dims.heads * dims.batch${headed} + ${head}`),
    place('Y', `dims.start + batch / dims.heads * (dims.heads * dims.M * dims.N) + ${head}`),
  ];
}

/** How a lane stores a row of its columns: four neighbours of y at once. */
const storeFours = (finish: boolean): string[] => [
  'fn store(batch: u32, m: u32, n: u32, value: V) {',
  '  if (n >= dims.N) { return; }',
  '  let at = placeY(batch) + m * dims.rowY + n;',
  `  let finished = ${finish ? 'finish4(at, batch * dims.M + m, value)' : 'value'};`,
  '  for (var i = 0u; i < COLUMNS; i++) { y[at + i] = finished[i]; }',
  '}',
];

/** Or one by one. Where the sides are swapped, rows of y are columns here. */
const storeOnes = (finish: boolean, { swapped }: Tile): string[] => [
  'fn store(batch: u32, m: u32, n: u32, value: V) {',
  '  let start = placeY(batch) + m * dims.rowY;',
  '  for (var i = 0u; i < COLUMNS; i++) {',
  '    if (n + i >= dims.N) { return; }',
  '    let at = start + (n + i) * dims.columnY;',
  `    y[at] = ${finish ? `finish(at, batch * ${swapped ? 'dims.N + n + i' : 'dims.M + m'}, value[i])` : 'value[i]'};`,
  '  }',
  '}',
];

/** How a lane loads two values of its row: as one vector where they are neighbours, else one by one. */
function rowLoads({ along, dtype }: Side, K: number): string[] {
  if (along === 1 && K % 2 === 0) {
    return [
      `alias ItemA = vec2<${dtype}>;`,
      'fn loadA(row: u32, k: u32) -> vec2f { return vec2f(a[(row + k) / 2u]); }',
    ];
  }
  return [
    `alias ItemA = ${dtype};`,
    'fn loadA(row: u32, k: u32) -> vec2f {',
    '  let inside = k + 1u < dims.K;',
    '  let next = f32(a[row + select(k, k + 1u, inside) * dims.stepA]);',
    '  return vec2f(f32(a[row + k * dims.stepA]), select(0.0, next, inside));',
    '}',
  ];
}

/** How a lane loads its columns at two steps of k; past K anything finite, since the row is 0 there. */
function columnLoads({ along, step, length, dtype }: Side, K: number, count: number): string[] {
  const each = (text: (i: number) => string): string => Array.from({ length: count }, (_, i) => text(i)).join(', ');
  if (step === 1 && length % count === 0) {
    return [
      `alias ItemB = vec${count}<${dtype}>;`,
      'fn columnsOf(n: u32) -> u32 { return min(n, dims.N - COLUMNS); }',
      'fn loadB(base: u32, k: u32, n: u32) -> Pair {',
      '  let next = min(k + 1u, dims.K - 1u);',
      '  return Pair(V(b[(base + k * dims.stepB + n) / COLUMNS]), V(b[(base + next * dims.stepB + n) / COLUMNS]));',
      '}',
    ];
  }
  const places = `fn columnsOf(n: u32) -> vec${count}u {\n`
    + `  return min(vec${count}u(${each((i) => `n + ${i}u`)}), vec${count}u(dims.N - 1u)) * dims.columnB;\n}`;
  if (along === 1 && K % 2 === 0) {
    const values = Array.from({ length: count }, (_, i) => `  let v${i} = vec2f(b[(base + at[${i}] + k) / 2u]);`);
    return [
      `alias ItemB = vec2<${dtype}>;`, places,
      `fn loadB(base: u32, k: u32, at: vec${count}u) -> Pair {`, ...values,
      `  return Pair(V(${each((i) => `v${i}.x`)}), V(${each((i) => `v${i}.y`)}));`, '}',
    ];
  }
  const items = ['first', 'second'].map((row) => `V(${each((i) => `f32(b[${row} + at[${i}]])`)})`);
  return [
    `alias ItemB = ${dtype};`, places,
    `fn loadB(base: u32, k: u32, at: vec${count}u) -> Pair {`,
    '  let first = base + k * dims.stepB;',
    '  let second = base + min(k + 1u, dims.K - 1u) * dims.stepB;',
    `  return Pair(${items.join(', ')});`, '}',
  ];
}
