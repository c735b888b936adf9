import fc from 'fast-check';
import { expect, it } from 'vitest';
import { classificationReport, confusionMatrix } from '../../src/vis/confusion.js';

it('counts and scores worked out by hand', () => {
  const labels = [0, 0, 0, 1, 1, 2];
  const predictions = [0, 0, 1, 1, 0, 0];
  const matrix = confusionMatrix(labels, predictions, ['cat', 'dog', 'fox']);
  expect(matrix.counts).toEqual([
    [2, 1, 0],
    [1, 1, 0],
    [1, 0, 0],
  ]);
  expect(matrix.total).toBe(6);
  expect(matrix.accuracy).toBeCloseTo(3 / 6, 12);
  const [cat, dog, fox] = matrix.perClass;
  expect(cat).toEqual({ precision: 2 / 4, recall: 2 / 3, f1: 4 / 7, support: 3 });
  expect(dog).toEqual({ precision: 1 / 2, recall: 1 / 2, f1: 1 / 2, support: 2 });
  expect(fox).toEqual({ precision: NaN, recall: 0, f1: 0, support: 1 });
});

it('names classes by number when only their count is given', () => {
  expect(confusionMatrix(Int32Array.of(1), Int32Array.of(1), 3).classes).toEqual(['0', '1', '2']);
});

it('rows sum to the labels, columns to the predictions', () => {
  const pair = fc.tuple(fc.nat(4), fc.nat(4));
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1 }), (pairs) => {
      const { counts, accuracy } = confusionMatrix(
        pairs.map(([a]) => a),
        pairs.map(([, b]) => b),
        5,
      );
      for (let c = 0; c < 5; c++) {
        expect(counts[c]!.reduce((a, b) => a + b)).toBe(pairs.filter(([a]) => a === c).length);
        expect(counts.reduce((sum, row) => sum + row[c]!, 0)).toBe(
          pairs.filter(([, b]) => b === c).length,
        );
      }
      expect(accuracy).toBeCloseTo(pairs.filter(([a, b]) => a === b).length / pairs.length, 12);
    }),
  );
});

it('refuses lengths that differ, nothing at all, and classes out of range', () => {
  expect(() => confusionMatrix([0, 1], [0], 2)).toThrow('2 labels but 1 predictions');
  expect(() => confusionMatrix([], [], 2)).toThrow('at least one');
  expect(() => confusionMatrix([0, 2], [0, 0], 2)).toThrow('label 1 is 2; classes are 0 to 1');
  expect(() => confusionMatrix([0], [-1], 2)).toThrow('prediction 0 is -1');
  expect(() => confusionMatrix([0], [0.5], 2)).toThrow('prediction 0 is 0.5');
});

it("reports as scikit-learn's classification_report(zero_division=0) does", () => {
  const labels = [0, 0, 1, 1, 1, 2, 2, 3, 2];
  const predictions = [0, 1, 1, 1, 0, 2, 2, 2, 2];
  const names = ['cat', 'dog', 'horse', 'a rare animal'];
  const report = classificationReport(confusionMatrix(labels, predictions, names));
  expect(report.text).toBe(
    '               precision    recall  f1-score   support\n\n' +
      '          cat       0.50      0.50      0.50         2\n' +
      '          dog       0.67      0.67      0.67         3\n' +
      '        horse       0.75      1.00      0.86         3\n' +
      'a rare animal       0.00      0.00      0.00         1\n\n' +
      '     accuracy                           0.67         9\n' +
      '    macro avg       0.48      0.54      0.51         9\n' +
      ' weighted avg       0.58      0.67      0.62         9\n',
  );
  expect(report.macroAverage.f1).toBeCloseTo(0.5059523809523809, 14);
  expect(report.weightedAverage.precision).toBeCloseTo(0.5833333333333334, 14);
  expect(report.classes[3]).toEqual({
    name: 'a rare animal',
    precision: 0,
    recall: 0,
    f1: 0,
    support: 1,
  });
});
