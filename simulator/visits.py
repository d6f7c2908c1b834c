"""The visits of one quarter: who comes when, to whom, and the schemes of those who misuse the fund."""

from __future__ import annotations

import numpy as np

from records.periods import Quarter
from simulator.static import AREAS, City, diseases, parameters, plain_rows, stream
from simulator.writing import Visit, Writer, misconduct

DAY = 1440
_SEASON = {1: (1.0, 1.25, 1.35, 1.9, 0.9), 2: (1.0, 0.9, 0.85, 0.3, 1.0), 3: (1.0, 0.8, 0.75, 0.2, 1.4),
           4: (1.0, 1.1, 1.25, 1.5, 0.8)}  # fmt: skip


class QuarterOfVisits:
    """Draws the visits of a quarter from streams of its own, so that every window sees the same ones."""

    def __init__(self, city: City, writer: Writer, seed: int, quarter: Quarter, clean: bool) -> None:
        self.city, self.writer, self.clean = city, writer, clean
        self.index = quarter.year * 4 + quarter.number
        self.quarter, self.seed = quarter, seed
        self.rng = stream(seed, 100, self.index)
        self.people = plain_rows(city.person)
        self.doctors = plain_rows(city.practitioner)
        self.days = (quarter.end - quarter.begin).days
        doctors = city.practitioner
        places = city.institution.set_index("fixmedins_code")
        self.place_area = places.loc[doctors.fixmedins_code, "admdvs"].to_numpy()
        self.place_class = places.loc[doctors.fixmedins_code, "inst_class"].to_numpy()
        weight = places.loc[doctors.fixmedins_code, "visit_weight"].to_numpy() * doctors.busy.to_numpy()
        self.choices: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}
        departments = doctors.dept_name.to_numpy()
        for department in {d["dept"] for d in diseases()}:
            for area in AREAS:
                fits = departments == department
                if not fits.any() or department == "全科":
                    fits = np.isin(departments, ["全科", "内科"])
                near = np.where(self.place_area == area, 6.0, 1.0) * weight * fits
                at = np.flatnonzero(near)
                self.choices[department, area] = (at, np.cumsum(near[at]) / near[at].sum())

    def doctor(self, department: str, area: str) -> int:
        """A prescriber of the department, rather near than far."""
        at, steps = self.choices[department, area]
        return int(at[np.searchsorted(steps, self.rng.random(), side="right")])

    def minute(self, day: int) -> int:
        """A minute of the working day, seldom of the night."""
        hour = self.rng.normal(10, 1.5) if self.rng.random() < 0.6 else self.rng.normal(15.5, 1.3)
        if self.rng.random() < 0.03:
            hour = self.rng.uniform(0, 24)
        return day * DAY + int(np.clip(hour, 0, 23.9) * 60)

    def visits(self) -> list[Visit]:
        """All visits of the quarter, in time."""
        found = self._refills() + self._acute()
        if not self.clean:
            found += self._schemes()
        self._after_death(found)
        found.sort(key=lambda visit: (visit.when, visit.person, visit.doctor))
        return found

    def _context(self, visit: Visit) -> dict[str, object]:
        person, doctor = self.people[visit.person], self.doctors[visit.doctor]
        return {
            "code": diseases()[visit.disease]["code"],
            "gend": person.gend,
            "age": person.age,
            "sloppy": doctor.sloppy,
            "abx_habit": doctor.abx_habit,
            "cost_habit": doctor.cost_habit,
        }

    def _finish(self, visit: Visit) -> Visit:
        self._keep_to_rights(visit)
        if not self.clean:
            misconduct(visit, self.writer, self._context(visit), self.rng)
        return visit

    def _keep_to_rights(self, visit: Visit) -> None:
        """What is usual stays within the prescriber's antibacterial tier."""
        tier = self.doctors[visit.doctor].abx_tier
        allowed = [line for line in visit.lines if self.writer.tier[line.drug] <= tier]
        visit.lines = allowed or [self.writer.line(self.writer.by_name["阿莫西林胶囊"], visit.lines[0].days)]

    def _usual_doctor(self, person: int, department: str, area: str) -> int:
        # The same person mostly goes to the same doctor: a stream of the person's own, not of the quarter.
        at, steps = self.choices[department, area]
        own = stream(self.seed, 7, person).random()
        return int(at[np.searchsorted(steps, own, side="right")])

    def _refills(self) -> list[Visit]:
        people = self.city.person
        found = []
        for person in np.flatnonzero(people.disease.to_numpy() >= 0).tolist():
            who = self.people[person]
            disease = int(who.disease)
            department, area = diseases()[disease]["dept"], who.home
            registered = bool(who.registered) and bool(diseases()[disease]["opsp"])
            step = 28 if not registered else (56 if person % 3 else 84)
            day = int(who.phase) % step - int(self.rng.integers(0, 4))
            while day < self.days:
                if day >= 0 and self.rng.random() < 0.8:
                    usual = self.rng.random() < 0.85
                    doctor = self._usual_doctor(person, department, area) if usual else self.doctor(department, area)
                    days = step if registered else int(self.rng.choice([7, 7, 14, 28]))
                    cost = self.doctors[doctor].cost_habit
                    visit = Visit(int(person), doctor, self.minute(day), disease, [],
                                  self.writer.lines(disease, days, self.rng, cost))  # fmt: skip
                    visit.med_type = "14" if registered else "11"
                    visit.long_rx = registered or days > 7
                    if days > 7 and not registered:
                        visit.reason = "慢性病长期用药"
                    found.append(self._finish(visit))
                day += step
        return found

    def _acute(self) -> list[Visit]:
        people, found = self.city.person, []
        season = _SEASON[self.quarter.number]
        acute = [n for n, d in enumerate(diseases()) if d["chronic"] == "0"]
        weight = np.array([float(diseases()[n]["weight"]) * season[int(diseases()[n]["season"])] for n in acute])
        low = np.array([int(diseases()[n]["age_low"]) for n in acute])
        high = np.array([int(diseases()[n]["age_high"]) for n in acute])
        sex = np.array([diseases()[n]["sex"] for n in acute])
        number = self.rng.poisson(parameters()["people"]["acute_visits"], len(people))
        for person in np.flatnonzero(number):
            who = self.people[person]
            age, gend = who.age, who.gend
            # Infants and the very old come with what the nearest ages come with.
            within = min(max(age, 1), 85)
            fits = weight * (low <= within) * (within <= high) * np.isin(sex, ["", gend])
            steps = np.cumsum(fits) / fits.sum()
            for _ in range(int(number[person])):
                disease = acute[int(np.searchsorted(steps, self.rng.random(), side="right"))]
                department, area = diseases()[disease]["dept"], who.home
                doctor = self.doctor(department, area)
                days = int(self.rng.choice([3, 5, 7, 7]))
                cost = self.doctors[doctor].cost_habit
                day = int(self.rng.integers(self.days))
                visit = Visit(int(person), doctor, self.minute(day), disease, [],
                              self.writer.lines(disease, days, self.rng, cost))  # fmt: skip
                draw = self.rng.random()
                big = self.place_class[doctor] in ("10", "50")
                if draw < 0.04 and big:
                    visit.med_type = "13"
                    visit.lines = [self.writer.line(line.drug, min(3, line.days)) for line in visit.lines]
                elif draw < 0.04 + parameters()["settlement"]["inpatient_share"] * 2 and big:
                    visit.med_type = "21"
                visit.tested = self.rng.random() < 0.15
                found.append(self._finish(visit))
        return found

    def _schemes(self) -> list[Visit]:
        return self._resale() + self._ghosts() + self._splits() + self._kickbacks() + self._gangs()

    def _resale(self) -> list[Visit]:
        """Persons who collect the same chronic drugs at one institution after the other, to sell them."""
        people, found = self.city.person, []
        costly = [self.writer.by_name[n] for n in ("阿托伐他汀钙片", "氯吡格雷片", "西格列汀片", "利伐沙班片", "达格列净片")]
        for person in np.flatnonzero(people.scheme.to_numpy() == "resale"):
            for _ in range(int(self.rng.poisson(1.3))):
                drugs = self.rng.permutation(costly)[:2]
                doctor = int(self.rng.integers(len(self.city.practitioner)))
                lines = [self.writer.line(int(drug), 28) for drug in drugs]
                day = int(self.rng.integers(self.days))
                visit = Visit(int(person), doctor, self.minute(day), 0, [], lines, long_rx=True)
                visit.reason, visit.scheme = "慢性病长期用药", "resale"
                found.append(visit)
        return found

    def _ghosts(self) -> list[Visit]:
        """Prescribers who write for people who never came: bursts, one content, odd hours."""
        doctors, found = self.city.practitioner, []
        for doctor in np.flatnonzero(doctors.scheme.to_numpy() == "ghost"):
            lines = [self.writer.line(self.writer.by_name[n], 7) for n in ("银杏叶片", "复方丹参滴丸")]
            for _ in range(int(self.rng.poisson(0.6))):
                begin = int(self.rng.integers(self.days)) * DAY + int(self.rng.choice([12, 19, 21])) * 60
                for number, person in enumerate(self.rng.integers(len(self.city.person), size=6)):
                    visit = Visit(int(person), int(doctor), begin + number, 3, [], list(lines))
                    visit.scheme = "ghost"
                    found.append(visit)
        return found

    def _splits(self) -> list[Visit]:
        """Prescribers who split one prescription into several of the same day."""
        doctors, found = self.city.practitioner, []
        for doctor in np.flatnonzero(doctors.scheme.to_numpy() == "split"):
            for _ in range(int(self.rng.integers(1, 3))):
                person = int(self.rng.integers(len(self.city.person)))
                begin = self.minute(int(self.rng.integers(self.days)))
                lines = self.writer.lines(0, 7, self.rng, 1.0) + self.writer.lines(2, 7, self.rng, 1.0)
                for number, part in enumerate((lines[:1], lines[1:2], lines[2:])):
                    if part:
                        visit = Visit(person, int(doctor), begin + 4 * number, 0, [], part)
                        visit.scheme = "split"
                        found.append(visit)
        return found

    def _kickbacks(self) -> list[Visit]:
        """Prescribers paid for one product: no single prescription shows it, the habit does."""
        doctors, found = self.city.practitioner, []
        product = self.writer.by_name["依折麦布片"]
        for doctor in np.flatnonzero(doctors.scheme.to_numpy() == "kickback"):
            for _ in range(int(self.rng.integers(8, 20))):
                person = int(self.rng.integers(len(self.city.person)))
                lines = [self.writer.line(product, 10), *self.writer.lines(2, 7, self.rng, 0.0)]
                found.append(Visit(person, int(doctor), self.minute(int(self.rng.integers(self.days))), 2, [], lines))
        return found

    def _gangs(self) -> list[Visit]:
        """Groups whose cards are used together, at one place within minutes, again and again."""
        people, found = self.city.person, []
        members = np.flatnonzero(people.scheme.to_numpy() == "gang")
        for start in range(0, len(members), 5):
            group = members[start : start + 5]
            doctor = int(stream(self.seed, 8, start).integers(len(self.city.practitioner)))
            for _ in range(int(self.rng.poisson(0.8))):
                begin = self.minute(int(self.rng.integers(self.days)))
                for number, person in enumerate(group):
                    lines = self.writer.lines(0, 7, self.rng, 0.5)
                    visit = Visit(int(person), doctor, begin + 2 * number, 0, [], lines)
                    visit.scheme = "gang"
                    found.append(visit)
        return found

    def _after_death(self, visits: list[Visit]) -> None:
        """Nobody comes after death, but somebody comes with the card of a few."""
        people = self.city.person
        begin = self.quarter.begin.date()
        dead = {}
        for person, day in enumerate(people.dead_date):
            if isinstance(day, type(begin)):
                dead[person] = (day - begin).days
        gone = [v for v in visits if v.person in dead and v.when // DAY > dead[v.person]]
        for visit in gone:
            if self.people[visit.person].scheme != "after_death":
                visits.remove(visit)
            else:
                visit.scheme = visit.scheme or "after_death"
        for person in np.flatnonzero(people.scheme.to_numpy() == "after_death").tolist():
            if dead[int(person)] < self.days - 10:
                day = int(self.rng.integers(max(0, dead[int(person)] + 2), self.days))
                doctor = int(self.rng.integers(len(self.city.practitioner)))
                visit = Visit(int(person), doctor, self.minute(day), 0, [], self.writer.lines(0, 28, self.rng, 0.0))
                visit.scheme, visit.long_rx, visit.reason = "after_death", True, "慢性病长期用药"
                visits.append(visit)
