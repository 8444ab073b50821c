// Which charts there are: their quantities, and what to look for in them.

const kLearning = [
  {title: 'Loss', keys: {loss: 'loss'}, has_log_k: true,
    caption: 'Cross-entropy of the student against the teacher. It should leave ln K and sink '
      + 'slowly; a flat line at ln K means that nothing is learned.'},
  {title: 'k-NN average precision (macro)', keys: {knn_ap_macro: 'AP macro'}, unit: 'share',
    min_range: 0.05, caption: 'Neighbours vote with frozen features: the honest measure of what '
      + 'was learned. It should rise.'},
  {title: 'k-NN accuracy', keys: {knn_accuracy: 'accuracy'}, unit: 'share', min_range: 0.05,
    caption: 'Neighbours vote with frozen features. It should rise.'},
];

const kCollapse = [
  {title: 'Entropy of teacher and student', has_log_k: true, y_low: 0,
    keys: {teacher_entropy: 'teacher', student_entropy: 'student', batch_entropy: 'batch mean'},
    caption: 'Healthy: the teacher settles well between 0 and ln K. At ln K all outputs are '
      + 'uniform; at 0 every image gets the same prototype.'},
  {title: 'KL divergence', keys: {kl: 'KL'}, y_low: 0,
    caption: 'What the student still has to learn from the teacher. It should stay above 0.'},
  {title: 'Prototypes in use', keys: {prototypes_used: 'in use'}, unit: 'share', y_low: 0,
    min_range: 0.05, caption: 'Share of prototypes that are some view\'s first choice. A fall '
      + 'towards 0 is a collapse that begins.'},
  {title: 'Rank of the features', keys: {feature_rank: 'rank'}, y_low: 0,
    caption: 'How many directions the features fill. A fall to a few is dimensional collapse.'},
  {title: 'Norm of the centre', keys: {center_norm: 'norm'}, y_low: 0,
    caption: 'Grows without bound where the centre chases one prototype.'},
  {title: 'Distance of teacher and student', keys: {teacher_distance: 'distance'}, y_low: 0,
    caption: 'Relative distance of the weights. It shrinks as the momentum nears 1.'},
];

const kSchedules = [
  {title: 'Learning rate', keys: {lr: 'lr'}, y_low: 0},
  {title: 'Weight decay', keys: {weight_decay: 'weight decay'}, y_low: 0},
  {title: 'Momentum of the teacher', keys: {momentum: 'momentum'}, min_range: 1e-4},
  {title: 'Temperature of the teacher', keys: {teacher_temp: 'temperature'}, min_range: 0.005},
];

const kGradients = [
  {title: 'Norm of the gradients', keys: {grad_norm: 'norm'}, y_low: 0,
    caption: 'Before clipping. Spikes are normal while rates warm up; growth is not.'},
];

const kMachine = [
  {title: 'Images per second', keys: {images_per_s: 'images/s'}, y_low: 0},
  {title: 'Waiting for data', keys: {data_wait_share: 'share of time'}, unit: 'share', y_low: 0,
    min_range: 0.05, caption: 'Above a few per cent the disk or the loader is the limit.'},
  {title: 'Processors in use', keys: {processors_used: 'processors'}, y_low: 0},
  {title: 'GPU busy', keys: {gpu_busy_share: 'busy'}, unit: 'share', y_low: 0, min_range: 0.05},
  {title: 'Memory', keys: {rss_bytes: 'process', gpu_memory_bytes: 'GPU'}, unit: 'bytes',
    y_low: 0},
];

export const kGroups = [
  {name: 'Learning', charts: kLearning},
  {name: 'Collapse watch', charts: kCollapse},
  {name: 'Schedules', charts: kSchedules},
  {name: 'Gradients', charts: kGradients},
  {name: 'Machine', charts: kMachine},
];

export function keys_of(group) {
  return group.charts.flatMap((chart) => Object.keys(chart.keys));
}

export const kAxes = [['step', 'step'], ['epoch', 'epoch'], ['time_s', 'time']];
