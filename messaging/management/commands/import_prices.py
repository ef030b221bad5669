from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from messaging.services import price_import
from messaging.services.price_import import Effect, Plan
from messaging.services.rate_card import MAX_BYTES, RateCard, UnreadableCardError, read_card


class Command(BaseCommand):
    help = (
        "Put Meta's rate card (CSV, one currency) into the price book. Nothing is saved while a line has an error. "
        "With --known the shipped unconfirmed rates are entered where the price book has none."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="the CSV file")
        parser.add_argument("--known", action="store_true", help="enter the shipped rates instead")
        parser.add_argument(
            "--valid-from",
            metavar="YYYY-MM-DD",
            help="the card's first day, if it does not say so itself",
        )
        parser.add_argument(
            "--currency", default="", help="such as EUR, if the card does not say so"
        )
        parser.add_argument(
            "--source", default="", help="where the card is from; the file's name by default"
        )
        parser.add_argument("--unconfirmed", action="store_true", help="the file is not Meta's own")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would change, save nothing"
        )

    @no_translations  # what commands print is English
    def handle(self, *args: Any, **options: Any) -> None:
        if options["known"]:
            self.stdout.write(f"Entered {price_import.enter_known_rates()} shipped rates.")
            return
        if options["file"] is None:
            raise CommandError("Name the CSV file, or say --known.")
        card = self._read(options["file"], currency=options["currency"].upper())
        arguments: dict[str, Any] = {
            "valid_from": _first_day(options["valid_from"], card),
            "is_confirmed": not options["unconfirmed"],
            "source": (options["source"] or f"Meta's rate card, {options['file'].name}")[:200],
        }
        if options["dry_run"]:
            self._report(price_import.plan_import(card.rates, **arguments))
            self.stdout.write("Nothing was saved.")
        else:
            self._report(price_import.save_import(card.rates, **arguments))

    def _read(self, path: Path, *, currency: str) -> RateCard:
        try:
            with path.open("rb") as file:
                card = read_card(file.read(MAX_BYTES + 1), currency=currency)
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}") from None
        except UnreadableCardError as error:
            raise CommandError(str(error)) from None
        for problem in card.left_out:
            self.stdout.write(f"line {problem.line} left out: {problem.text}")
        if card.errors:
            lines = "\n".join(f"line {problem.line}: {problem.text}" for problem in card.errors)
            raise CommandError(f"Nothing was saved.\n{lines}")
        return card

    def _report(self, plan: Plan) -> None:
        for line in plan.lines:
            if line.effect != Effect.SAME:
                before = "" if line.before is None else f", was {line.before.normalize():f}"
                tier = f" after {line.volume_from} messages" if line.volume_from else ""
                self.stdout.write(
                    f"{line.effect}: {line.market} {line.category}{tier} {line.currency} "
                    f"{line.amount.normalize():f}{before}"
                )
        self.stdout.write(
            f"From {plan.valid_from}: {plan.count(Effect.NEW)} new, {plan.count(Effect.CHANGED)} changed, "
            f"{plan.count(Effect.SAME)} as before, {len(plan.ends)} ended."
        )


def _first_day(written: str | None, card: RateCard) -> date:
    if written is None:
        if card.valid_from is None:
            raise CommandError("The card does not say since when it is valid: add --valid-from.")
        return card.valid_from
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise CommandError(f"{written} is no day. Write it like 2026-10-01.") from None
