-- Reports and leads received before the as-of moment, by subject.
CREATE TABLE stage.clued AS
SELECT subject_type, subject_code, CAST(count(*) AS INTEGER) AS n FROM clue GROUP BY subject_type, subject_code;

CREATE TABLE stage.person_clue AS
SELECT p.psn_row, c.n FROM person p JOIN stage.clued c ON c.subject_code = p.psn_no AND c.subject_type = 'person';
CREATE TABLE stage.practitioner_clue AS
SELECT k.dr_row, c.n FROM dr_key k JOIN stage.clued c ON c.subject_code = k.dr_codg AND c.subject_type = 'practitioner';
CREATE TABLE stage.institution_clue AS
SELECT i.inst_row, c.n
FROM institution i JOIN stage.clued c ON c.subject_code = i.fixmedins_code AND c.subject_type = 'institution';

-- Prescriptions of the frame with a clue on themselves or on whoever is concerned by them. Grain: rx_row.
CREATE TABLE stage.rx_clue AS
SELECT f.rx_row, coalesce(a.n, 0) AS on_prescription,
    coalesce(a.n, 0) + coalesce(b.n, 0) + coalesce(c.n, 0) + coalesce(d.n, 0) AS on_chain
FROM rx f
LEFT JOIN stage.clued a ON a.subject_code = f.rxno AND a.subject_type = 'prescription'
LEFT JOIN stage.person_clue b ON b.psn_row = f.psn_row
LEFT JOIN stage.practitioner_clue c ON c.dr_row = f.dr_row
LEFT JOIN stage.institution_clue d ON d.inst_row = f.inst_row
WHERE f.in_quarter AND coalesce(a.n, b.n, c.n, d.n) > 0;
