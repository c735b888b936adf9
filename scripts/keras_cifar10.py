"""The CIFAR-10 network of `fovea train --model cifar10` in Keras, on the same files with the same settings.

    python keras_cifar10.py DIR [--no-dropout] [--seed N]      (DIR has train/<class> and test/<class>)

Prints one JSON document: the history, and loss and accuracy on the test set.
"""
import argparse, json, time
import keras
from keras import layers

flags = argparse.ArgumentParser()
flags.add_argument("folder")
flags.add_argument("--no-dropout", action="store_true")
flags.add_argument("--seed", type=int, default=1)
flags.add_argument("--epochs", type=int, default=10)
flags.add_argument("--batch", type=int, default=64)
args = flags.parse_args()
keras.utils.set_random_seed(args.seed)

options = dict(image_size=(32, 32), batch_size=args.batch, seed=args.seed)
train, validation = keras.utils.image_dataset_from_directory(
    f"{args.folder}/train", validation_split=0.1, subset="both", **options)
test = keras.utils.image_dataset_from_directory(f"{args.folder}/test", shuffle=False, **options)

drop = (lambda rate: []) if args.no_dropout else (lambda rate: [layers.Dropout(rate)])
conv = lambda filters: layers.Conv2D(filters, 3, padding="same", activation="relu")
model = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1 / 255)])
for filters in (32, 64, 64):
    for layer in [conv(filters), conv(filters), layers.MaxPooling2D(), *drop(0.25)]:
        model.add(layer)
for layer in [layers.Flatten(), layers.Dense(512, activation="relu"), *drop(0.5),
              layers.Dense(10, activation="softmax")]:
    model.add(layer)
assert model.count_params() == 669354
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
begin = time.time()
history = model.fit(train.prefetch(4), validation_data=validation.cache(), epochs=args.epochs, verbose=2)
loss, accuracy = model.evaluate(test, verbose=0)
print(json.dumps({"history": history.history, "test": {"loss": loss, "accuracy": accuracy},
                  "seconds": time.time() - begin}))
