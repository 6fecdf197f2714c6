/**
 * Where things stand in a street scene: the structure a layout prior can learn.
 *
 * Perspective on a ground plane: what stands lower in the picture is nearer and larger. Sun and clouds hang in the
 * sky, boats sail where there is water, cars and buses keep to their lane of the road and face its way, lamps line the
 * kerb at even distances, houses stand in a row with trees between, people gather at houses and on the pavement, dogs
 * walk with people. Light and weather decide on sun and clouds.
 */
import { RandomStream } from '../engine/random.ts';
import { sceneObjects } from './sceneObjects.ts';

/** Light and weather of a scene. */
export type Weather = 'day' | 'golden' | 'overcast' | 'dusk';

/** A thing in its place; lengths as fractions of the picture. */
export interface PlacedObject {
  readonly classIndex: number;
  /** Left edge, ground line (bottom edge) and height of its frame; the width is height x aspect. */
  readonly left: number;
  readonly base: number;
  readonly height: number;
  readonly aspect: number;
  readonly mirrored: boolean;
  /** Seed of its colours and details. */
  readonly variant: number;
}

/** Top and bottom of a band across the picture, as fractions of its height. */
export interface Band {
  readonly top: number;
  readonly bottom: number;
}

/** Everything a street scene is drawn from. */
export interface StreetScene {
  readonly kind: 'street';
  readonly weather: Weather;
  readonly autumn: boolean;
  readonly lightSide: -1 | 1;
  /** Height of the horizon as a fraction of the picture, from its top. */
  readonly horizon: number;
  readonly water: Band | null;
  readonly road: Band | null;
  /** Seed of hills, grass and waves. */
  readonly texture: number;
  /** Far to near: the order of painting. */
  readonly objects: readonly PlacedObject[];
}

const classIndexOf = new Map(sceneObjects.map(({ name }, i) => [name, i]));

/** Height of a grown person standing at a ground line, as a fraction of the picture. */
export function personHeight(horizon: number, base: number): number {
  return 0.11 + 0.34 * (base - horizon);
}

interface Extent {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

const extentOf = ({ left, base, height, aspect }: PlacedObject): Extent =>
  ({ x0: left, y0: base - height, x1: left + height * aspect, y1: base });

const areaOf = ({ x0, y0, x1, y1 }: Extent): number => Math.max(0, x1 - x0) * Math.max(0, y1 - y0);

const commonArea = (a: Extent, b: Extent): number => areaOf({
  x0: Math.max(a.x0, b.x0), y0: Math.max(a.y0, b.y0), x1: Math.min(a.x1, b.x1), y1: Math.min(a.y1, b.y1) });

/** A scene under construction: tries places and keeps those that are clear enough. */
class Arrangement {
  readonly objects: PlacedObject[] = [];
  private readonly random: RandomStream;
  private readonly horizon: number;

  constructor(random: RandomStream, horizon: number) {
    this.random = random;
    this.horizon = horizon;
  }

  /**
   * Places a thing with its middle at x and its foot at `base`, `size` persons tall (or of a given height), unless it
   * would leave the picture by half, or hide or be hidden by half of its frame. Returns it, or null.
   */
  place(name: string, x: number, base: number, size: number, options: { mirrored?: boolean; height?: number } = {},
  ): PlacedObject | null {
    const classIndex = classIndexOf.get(name)!;
    const aspect = sceneObjects[classIndex].aspect(this.random);
    const height = options.height ?? size * personHeight(this.horizon, base) * this.random.uniform(0.92, 1.08);
    const mirrored = options.mirrored ?? this.random.chance(0.5);
    const variant = this.random.word();
    const placed = { classIndex, left: x - height * aspect / 2, base, height, aspect, mirrored, variant };
    if (!this.isClear(placed)) return null;
    this.objects.push(placed);
    return placed;
  }

  private isClear(placed: PlacedObject): boolean {
    const extent = extentOf(placed);
    if (commonArea(extent, { x0: 0, y0: 0, x1: 1, y1: 1 }) < 0.55 * areaOf(extent)) return false;
    return this.objects.every((other) => {
      const theirs = extentOf(other);
      const allowed = other.classIndex === placed.classIndex ? 0.25 : 0.5;
      return commonArea(extent, theirs) <= allowed * Math.min(areaOf(extent), areaOf(theirs));
    });
  }
}

type Ground = Pick<StreetScene, 'weather' | 'horizon' | 'water' | 'road'> & { readonly backLine: number };

function placeSky(scene: Arrangement, random: RandomStream, { weather, horizon }: Ground): void {
  if (weather !== 'overcast' && random.chance(0.7)) {
    const low = weather === 'dusk' || weather === 'golden';
    const height = low ? random.uniform(0.15, 0.2) : random.uniform(0.12, 0.16);
    const base = low ? horizon - random.uniform(0.02, 0.08) : random.uniform(0.02, 0.1) + height;
    scene.place('sun', random.uniform(0.12, 0.88), base, 0, { height });
  }
  const clouds = weather === 'overcast' ? 2 + random.integer(2) : random.integer(3);
  for (let i = 0; i < clouds; i++) {
    const base = random.uniform(0.12, horizon - 0.12);
    // Clouds are nearer overhead than at the horizon.
    scene.place('cloud', random.uniform(0.1, 0.9), base, 0, { height: 0.085 + 0.16 * (horizon - base) });
  }
}

function placeTraffic(scene: Arrangement, random: RandomStream, { road, horizon }: Ground): void {
  if (!road) return;
  const depth = road.bottom - road.top;
  const lanes = [
    { base: road.top + 0.42 * depth, mirrored: true }, { base: road.top + 0.9 * depth, mirrored: false }];
  for (const { base, mirrored } of lanes) {
    const vehicles = random.pick([0, 1, 2], [0.4, 0.45, 0.15]);
    for (let i = 0; i < vehicles; i++) {
      if (random.chance(0.25)) scene.place('bus', random.uniform(0.05, 0.95), base, 1.2, { mirrored });
      else scene.place('car', random.uniform(0.05, 0.95), base, 0.74, { mirrored });
    }
  }
  if (random.chance(0.5)) {
    const kerb = road.top - 0.012;
    const distance = 1.9 * personHeight(horizon, kerb);
    for (let x = random.uniform(0.08, distance), i = 0; x < 0.95 && i < 3; x += distance, i++) {
      scene.place('lamp', x, kerb, 2.1, { mirrored: false });
    }
  }
}

/** A row of houses with trees between; returns the middles of the houses. */
function placeBuildings(scene: Arrangement, random: RandomStream, { water, road, backLine }: Ground): number[] {
  const houses = random.pick([0, 1, 2, 3], road ? [0.1, 0.3, 0.4, 0.2] : [0.25, 0.45, 0.3, 0]);
  const doors: number[] = [];
  let x = random.uniform(0.1, 0.35);
  for (let i = 0; i < houses && x < 0.95; i++) {
    const house = scene.place('house', x, backLine + random.uniform(0, 0.015), 2.15);
    if (house) doors.push(house.left + house.height * house.aspect / 2);
    x += random.uniform(0.32, 0.46);
  }
  const trees = random.integer(road ? 3 : 4) + (water || houses > 1 ? 0 : 1);
  const last = road ? road.top - 0.03 : 0.84;
  for (let i = 0; i < trees; i++) {
    const base = random.chance(0.6) ? backLine + random.uniform(0, 0.03) : random.uniform(backLine, last);
    scene.place('tree', random.uniform(0.05, 0.95), base, random.uniform(1.7, 2.3));
  }
  return doors;
}

function placePeople(scene: Arrangement, random: RandomStream, { road, backLine }: Ground, doors: number[]): void {
  const groups = random.pick([0, 1, 2], [0.2, 0.5, 0.3]);
  for (let group = 0; group < groups; group++) {
    const atHouse = doors.length > 0 && random.chance(0.45);
    let x = atHouse ? random.pick(doors) + random.uniform(-0.12, 0.12) : random.uniform(0.08, 0.92);
    // In front of a house, on the near pavement, or anywhere on the grass.
    const base = atHouse ? backLine + random.uniform(0.04, 0.07)
      : road ? random.uniform(Math.min(road.bottom + 0.06, 0.95), 0.97) : random.uniform(backLine + 0.05, 0.97);
    const size = random.pick([1, 2, 3], [0.55, 0.35, 0.1]);
    let people = 0;
    for (; people < size; people++) {
      const person = scene.place('person', x, base, 1);
      if (!person) break;
      x += person.height * random.uniform(0.42, 0.6);
    }
    if (people > 0 && random.chance(0.5)) scene.place('dog', x, base + 0.005, random.uniform(0.44, 0.52));
  }
}

function placeBoats(scene: Arrangement, random: RandomStream, { water }: Ground): void {
  if (!water) return;
  const boats = random.pick([0, 1, 2, 3], [0.1, 0.4, 0.35, 0.15]);
  for (let i = 0; i < boats; i++) {
    scene.place('boat', random.uniform(0.08, 0.92), random.uniform(water.top + 0.05, water.bottom - 0.015), 1.35);
  }
}

/** The scene of a seed and an index; of more than `maxObjects` things as many drawn at random are kept. */
export function streetScene(seed: number, index: number, maxObjects = 12): StreetScene {
  const random = new RandomStream(seed, `scenes/street/${index}`);
  const weather = random.pick<Weather>(['day', 'golden', 'overcast', 'dusk'], [0.46, 0.2, 0.18, 0.16]);
  const horizon = random.uniform(0.36, 0.46);
  const hasWater = random.chance(0.42);
  const hasRoad = random.chance(hasWater ? 0.45 : 0.75);
  const water = hasWater ? { top: horizon, bottom: horizon + random.uniform(0.15, hasRoad ? 0.17 : 0.24) } : null;
  const roadTop = hasWater ? random.uniform(0.7, 0.73) : random.uniform(0.6, 0.68);
  const road = hasRoad ? { top: roadTop, bottom: roadTop + random.uniform(0.19, 0.22) } : null;
  const backLine = water ? water.bottom + 0.035 : horizon + random.uniform(0.05, 0.1);
  const ground = { weather, horizon, water, road, backLine };

  const scene = new Arrangement(random, horizon);
  placeSky(scene, random, ground);
  placeBoats(scene, random, ground);
  placeTraffic(scene, random, ground);
  const doors = placeBuildings(scene, random, ground);
  placePeople(scene, random, ground, doors);
  if (scene.objects.length === 0) scene.place('tree', random.uniform(0.3, 0.7), backLine + 0.02, 2);

  const kept = random.permutation(scene.objects.length).slice(0, maxObjects).map((i) => scene.objects[i]);

  const inSky = ({ classIndex }: PlacedObject): number =>
    Number(classIndex !== classIndexOf.get('sun') && classIndex !== classIndexOf.get('cloud'));
  const isCloud = ({ classIndex }: PlacedObject): number => Number(classIndex === classIndexOf.get('cloud'));
  const objects = kept.sort((a, b) => inSky(a) - inSky(b) || isCloud(a) - isCloud(b) || a.base - b.base);
  const autumn = weather === 'golden' || random.chance(0.15);
  const lightSide = random.chance(0.5) ? 1 : -1;
  return { kind: 'street', weather, autumn, lightSide, horizon, water, road, texture: random.word(), objects };
}
