-- Reports and leads received before the as-of moment, by subject.
CREATE TABLE stage.clued AS
SELECT subject_type, subject_code, CAST(count(*) AS INTEGER) AS n FROM clue GROUP BY subject_type, subject_code;

CREATE TABLE stage.rx_clue AS
SELECT f.rxno, coalesce(a.n, 0) AS on_prescription,
    coalesce(a.n, 0) + coalesce(b.n, 0) + coalesce(c.n, 0) + coalesce(d.n, 0) AS on_chain
FROM frame f
LEFT JOIN stage.clued a ON a.subject_type = 'prescription' AND a.subject_code = f.rxno
LEFT JOIN stage.clued b ON b.subject_type = 'person' AND b.subject_code = f.psn_no
LEFT JOIN stage.clued c ON c.subject_type = 'practitioner' AND c.subject_code = f.dr_codg
LEFT JOIN stage.clued d ON d.subject_type = 'institution' AND d.subject_code = f.fixmedins_code;

CREATE TABLE stage.person_clue AS
SELECT subject_code AS psn_no, n FROM stage.clued WHERE subject_type = 'person';
CREATE TABLE stage.practitioner_clue AS
SELECT subject_code AS dr_codg, n FROM stage.clued WHERE subject_type = 'practitioner';
CREATE TABLE stage.institution_clue AS
SELECT subject_code AS fixmedins_code, n FROM stage.clued WHERE subject_type = 'institution';
