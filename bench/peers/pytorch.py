"""Does operations of PyTorch, as pytorch.mjs tells: a line of JSON in, a line out.

float32 without TF32, as fovea's; float16 with channels last, as it is fastest. cuDNN looks for its
fastest algorithm.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.backends.cudnn.benchmark = True
torch.backends.cudnn.allow_tf32 = False
torch.backends.cuda.matmul.allow_tf32 = False

# What the dimensions of fovea's order are here: pictures [n, c, h, w], filters [out, in, h, w].
TO_FIRST = {"picture": (0, 3, 1, 2), "filter": (3, 2, 0, 1), "depthwise": (2, 3, 0, 1)}


def layout(name, shape):
    if name in ("filter", "depthwise"):
        return name
    return "picture" if len(shape) == 4 else "plain"


def padding(size, kernel, stride):
    """Of 'same', before and after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Convolution:
    """Of a picture of height and width `size`; padding that is not even is added by itself."""

    def __init__(self, size, kernel, stride, groups):
        self.kernel, self.stride, self.groups = kernel, stride, groups
        self.pads = [padding(each, kernel, stride) for each in size]

    def forward(self, x, w):
        even = all(before == after for before, after in self.pads)
        around = [before for before, _ in self.pads] if even else 0
        if not even:
            (top, bottom), (left, right) = self.pads
            x = F.pad(x, (left, right, top, bottom))
        return F.conv2d(x, w, stride=self.stride, padding=around, groups=self.groups)

    def backward(self, x, w, dy, wanted):
        """The gradient of x (wanted 0) or of the filter (wanted 1)."""
        mask = [wanted == 0, wanted == 1, False]
        around = [before for before, _ in self.pads]
        return torch.ops.aten.convolution_backward(
            *(dy, x, w, None, [self.stride] * 2, around, [1, 1], False, [0, 0], self.groups, mask)
        )[wanted]


def gradients(op, operands, dy):
    leaves = [each.detach().requires_grad_() for each in operands]
    return torch.autograd.grad(op(*leaves), leaves, dy)[0]


def batch_norm(x, gamma, beta):
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-3)


def max_pool(x):
    return F.max_pool2d(x, 2)


def adam(w, g):
    weight = torch.nn.Parameter(w)
    weight.grad = g
    # fovea's epsilon counts before the correction of the bias, this one after it.
    optimizer = torch.optim.Adam([weight], lr=0.01, eps=1e-7 / (1 - 0.999) ** 0.5, fused=True)

    def step():
        optimizer.step()
        return weight.detach()

    return step


def work_of(row, t):
    """The function that does the row's work once, on operands in this library's order."""
    op, options, shape = row["op"], row["options"], row["resultShape"]
    groups = t["x" if "x" in t else "dy"].shape[1] if op.startswith("depthwise") else 1
    if "conv2d" in op.lower() or op.startswith("depthwise"):
        # Height and width of x, which the input gradient gives.
        size = shape[1:3] if op.endswith("InputGradient") else t["x"].shape[2:]
        conv = Convolution(size, options["size"], options["strides"], groups)
        w = t.get("filter", t.get("depthwise"))
        if op.endswith("InputGradient"):
            empty = torch.empty([shape[0], shape[3], *size], dtype=w.dtype, device=device)
            x = empty.contiguous(memory_format=format_of(w))
            return lambda: conv.backward(x, w, t["dy"], 0)
        if op.endswith("FilterGradient"):
            outer = t["dy"].shape[1]
            inner = t["x"].shape[1] // groups
            empty = torch.empty([outer, inner, *shape[:2]], dtype=t["x"].dtype, device=device)
            w = empty.contiguous(memory_format=format_of(t["x"]))
            return lambda: conv.backward(t["x"], w, t["dy"], 1)
        return lambda: conv.forward(t["x"], w)
    if op == "adamStep":
        return adam(t["w"], t["g"])
    return {
        "matmul": lambda: t["a"] @ t["b"],
        "maxPool2d": lambda: max_pool(t["x"]),
        "maxPool2dBothWays": lambda: gradients(max_pool, [t["x"]], t["dy"]),
        "batchNormBothWays": lambda: gradients(
            batch_norm, [t["x"], t["gamma"], t["beta"]], t["dy"]
        ),
        "softmax": lambda: torch.softmax(t["x"], -1),
        "meanOfRows": lambda: t["x"].mean(-1),
        "add": lambda: t["x"] + t["y"],
        "relu": lambda: torch.relu(t["x"]),
    }[op]


def format_of(x):
    return torch.channels_last if x.dtype == torch.float16 else torch.contiguous_format


def load(folder, entry, half):
    shape = entry["shape"]
    values = np.fromfile(Path(folder, entry["file"]), dtype=np.float32).reshape(shape)
    order = TO_FIRST.get(layout(entry["name"], shape))
    x = torch.from_numpy(values).to(device, torch.float16 if half else torch.float32)
    if order is None:
        return x
    return x.permute(order).contiguous(memory_format=format_of(x))


def store(row, y, file):
    order = TO_FIRST.get(row["result"])
    if order is not None:
        y = y.permute([order.index(i) for i in range(4)])
    y.float().contiguous().cpu().numpy().tofile(file)


def finish():
    if device.type == "cuda":
        torch.cuda.synchronize()


def main(folder):
    rows, works, results = {}, {}, {}

    def prepare(row):
        entries = {each["name"]: load(folder, each, row["half"]) for each in row["inputs"]}
        rows[row["id"]], works[row["id"]] = row, work_of(row, entries)
        finish()

    def dispose(row):
        for each in (rows, works, results):
            each.pop(row["id"], None)
        if device.type == "cuda":
            torch.cuda.empty_cache()

    def start(row):
        results[row["id"]] = works[row["id"]]()

    actions = {
        "prepare": prepare,
        "start": start,
        "finish": lambda _: finish(),
        "result": lambda row: store(rows[row["id"]], results[row["id"]], row["file"]),
        "dispose": dispose,
    }
    print(json.dumps({"version": torch.__version__, "device": device.type}), flush=True)
    failed = None
    for line in sys.stdin:
        message = json.loads(line)
        try:
            actions[message["do"]](message)
        except Exception as error:
            failed = failed or f"{type(error).__name__}: {error}"
        if message["do"] != "start":
            print(json.dumps({"error": failed} if failed else {}), flush=True)
            failed = None


main(sys.argv[1])
