/** The rows of an ablation: what each changes in the search, as options of `invert -- detect`. */

export interface AblationRow {
  /** Also the name of its folder. */
  readonly name: string;
  readonly about: string;
  readonly options: readonly string[];
}

/** The paper's search at about the passes of the default one on small scenes, for where 2,000 steps are too many. */
const shortDive = ['--preset', 'dive', '--steps', '120', '--lr', '0.1', '--batch-timesteps', '2', '--monitor-every',
  '10', '--monitor-pairs', '8', '--screen-pairs', '2', '--patience', '0'];

/** A baseline that has nothing but its own search, for the passes that the default spends on search and moves. */
const tokensAlone = (method: string): string[] => ['--method', method, '--passes', '1000', '--local-rounds', '0'];

/** Every row changes one thing in the default search, which is the first; the paper's own is the last. */
export const ablationRows: readonly AblationRow[] = [
  { name: 'default', about: 'the default search', options: [] },
  { name: 'no-prior', about: 'p(layout) left out', options: ['--no-prior'] },
  { name: 'continuous', about: 'free embeddings, decoded at the end', options: ['--projection', 'none'] },
  { name: 'greedy', about: 'greedy search over tokens alone, no fewer passes', options: tokensAlone('greedy') },
  { name: 'random', about: 'random search over tokens alone, no fewer passes', options: tokensAlone('random') },
  { name: 'dive-short', about: 'the paper\'s search, cut to about as many passes', options: shortDive },
  { name: 'slot', about: 'nearest row of the slot, straight-through', options: ['--projection', 'slot'] },
  { name: 'cosine', about: 'the same, by cosine', options: ['--projection', 'slot', '--metric', 'cosine'] },
  { name: 'vocabulary', about: 'nearest row of the whole table', options: ['--projection', 'vocabulary'] },
  { name: 'soft', about: 'weights by distance, annealed', options: ['--projection', 'soft'] },
  { name: 'no-monitor', about: 'the layout of the last step', options: ['--no-monitor'] },
  { name: 'no-patience', about: 'to the step limit', options: ['--patience', '0'] },
  { name: 'no-moves', about: 'no moves on the grid', options: ['--local-rounds', '0'] },
  { name: 'no-moves-no-prior', about: 'nor a prior', options: ['--local-rounds', '0', '--no-prior'] },
  { name: 'no-moves-continuous', about: 'free embeddings, and no moves',
    options: ['--local-rounds', '0', '--projection', 'none'] },
  { name: 'no-proposals', about: 'moves that do not look at errors by place', options: ['--proposals', '0'] },
  { name: 'sweep', about: 'objects tried all over the picture before the moves', options: ['--sweep', '12'] },
  { name: 'noise-errors', about: 'errors measured in the noise', options: ['--error', 'noise'] },
  { name: 'fine', about: 'a last look through less noise', options: ['--sweep', '12', '--fine-pairs', '8'] },
  { name: 'half-steps', about: 'half the steps', options: ['--steps', '40', '--anneal-steps', '15'] },
  { name: 'double-steps', about: 'twice the steps', options: ['--steps', '160', '--anneal-steps', '60'] },
  { name: 'one-pair', about: 'one (timestep, noise) pair a step', options: ['--batch-timesteps', '1'] },
  { name: 'four-pairs', about: 'four pairs a step', options: ['--batch-timesteps', '4'] },
  { name: 'uniform-draws', about: 'timesteps drawn uniformly', options: ['--draws', 'uniform'] },
  { name: 'bank-draws', about: 'pairs of a fixed bank', options: ['--draws', 'bank'] },
  { name: 'from-none', about: 'every slot starts at none', options: ['--init', 'none'] },
  { name: 'from-prior', about: 'starts drawn from the prior', options: ['--init', 'prior'] },
  { name: 'one-start', about: 'one start', options: ['--restarts', '1'] },
  { name: 'margin', about: 'scored by the margin', options: ['--score', 'margin'] },
  { name: 'local', about: 'scored by the error around the object alone', options: ['--score', 'local'] },
  { name: 'agreement', about: 'scored by agreement of the starts', options: ['--score', 'agreement'] },
  { name: 'dive', about: 'the paper\'s search, 2,000 steps at most', options: ['--preset', 'dive'] },
];
