"""The command verify: everything that is known of a dataset, compared.

In: settings with `dataset_name`. Out: lines for the operator; CountError at the end when something differs (docs/rules.md, «Verify»).
"""

from dataset_manager.datasets import finding, verifying
from dataset_manager.errors import CountError
from dataset_manager.registry import command
from dataset_manager.settings import ProcessAwareSettings
from dataset_manager.wording import PROBLEMS, counted, first_of

SHOWN = 200


def run(settings: ProcessAwareSettings) -> None:
    """Raises CountError naming every problem."""
    dataset, fast = finding.named(settings, "dataset_name"), bool(settings.typed.get("fast"))
    verdict = verifying.verify(dataset, fast=fast)
    published = command.problems(settings, dataset, fast=fast)
    if published is None:
        verdict.looked.append("  registro     sin registrar (lo hace register_dataset)")
    for part, found in (published or {}).items():
        verdict.add(part, found)
    print(f"\n{dataset.name}: {'nombres, tamaños y fechas' if fast else 'todo el contenido'}")
    for line in verdict.looked:
        print(line)
    if verdict.problems:
        named = "".join(f"\n  - {problem}" for problem in first_of(verdict.problems, SHOWN))
        raise CountError(f"{dataset.name}: {counted(len(verdict.problems), *PROBLEMS)}:{named}")
    print("  Todo coincide")
