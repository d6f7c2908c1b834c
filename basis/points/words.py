"""Why a knowledge point is violated, in both languages."""

from __future__ import annotations

_SEX = {"1": ("男", "male"), "2": ("女", "female")}
_WORDS = {
    "sex": ("患者为{value}性，限{bound}性", "the person is {value}; only {bound}"),
    "age_min": ("年龄 {value} 天，最小 {bound} 天", "age {value} days; at least {bound}"),
    "age_max": ("年龄 {value} 天，最大 {bound} 天", "age {value} days; at most {bound}"),
    "med_type": ("就医方式 {value}，限 {bound}", "medical category {value}; paid only for {bound}"),
    "hosp_lv": ("机构级别 {value}，最低 {bound}", "hospital level {value}; at least {bound}"),
    "insutype": ("险种 {value}，限 {bound}", "insurance type {value}; paid only by {bound}"),
    "icd": ("就诊诊断 {value} 均不在 {bound} 之内", "no diagnosis of the visit ({value}) begins with {bound}"),
    "tcm_never": ("该饮片单复方均不予支付", "this decoction piece is never paid"),
    "tcm_alone": ("处方全部为单独使用不予支付的饮片", "all pieces of the prescription are of those not paid alone"),
    "course_total": ("累计用药 {value} 天，限 {bound} 天", "{value} days used in all; at most {bound}"),
    "course_visit": ("本次就诊用药 {value} 天，限 {bound} 天", "{value} days used in this visit; at most {bound}"),
    "course_span": ("首末用药日相距 {value} 天，限 {bound} 天", "{value} days from first to last use; at most {bound}"),
}


def why(kind: str, value: str, bound: str) -> tuple[str, str]:
    """The words for one violated point, Chinese and English; missing values are said to be none."""
    zh, en = _WORDS[kind]
    if kind == "sex":
        first, second = _SEX.get(value, (value, value)), _SEX.get(bound, (bound, bound))
        return zh.format(value=first[0], bound=second[0]), en.format(value=first[1], bound=second[1])
    return zh.format(value=value or "无", bound=bound), en.format(value=value or "none", bound=bound)
