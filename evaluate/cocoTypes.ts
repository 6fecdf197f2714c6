/**
 * The parts of COCO's two JSON formats that the evaluator reads: the annotations file and the results list.
 * Boxes are `bbox` in both, always xywh in pixels of the original image: left, top, width, height.
 */

export type XywhPx = readonly [number, number, number, number];

export interface CocoImage {
  readonly id: number;
}

export interface CocoCategory {
  readonly id: number;
  readonly name: string;
}

export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: XywhPx;
  /** Square pixels of the object's mask; decides its size range. Where absent, the box's own area. */
  readonly area?: number | undefined;
  /** One box around many objects: detections inside it are neither right nor wrong. Where absent, 0. */
  readonly iscrowd?: 0 | 1 | boolean | undefined;
  /** Not to be counted; read only under `useIgnoreFlags`, because pycocotools overwrites it with `iscrowd`. */
  readonly ignore?: 0 | 1 | boolean | undefined;
}

export interface CocoGroundTruth {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly CocoCategory[];
}

export interface CocoDetection {
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: XywhPx;
  /** Higher is surer; any finite number, since only the order counts. */
  readonly score: number;
}
