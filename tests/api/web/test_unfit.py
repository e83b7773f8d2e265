import pytest
from pydantic import ValidationError

from api.web.unfit import plain
from api.wire.questions import BatchRequest, QueryRequest

BODY = {"predicate": "salary > 1", "consent": "a.b.c"}
UNFIT = [
    ({"consent": "a.b.c"}, "is missing"),
    ({**BODY, "colour": "red"}, "is not known here"),
    ({**BODY, "subject": "4711"}, "is not known here"),
    ({**BODY, "predicate": ""}, "must not be empty"),
    ({**BODY, "audience": "x" * 257}, "must have at most 256 characters"),
    ({**BODY, "audience": "a\nb"}, "must not contain line breaks or other control characters"),
    ({**BODY, "consent": 4711}, "must be a string"),
    ({**BODY, "consent": "a b"}, "must be a compact JWS"),
    ({**BODY, "as_of": "tomorrow"}, "must be a date, written YYYY-MM-DD"),
    ({**BODY, "max_age": "1"}, "must be a whole number"),
    ({**BODY, "max_age": -1}, "must be greater than or equal to 0"),
    ([], "must be a JSON object"),
]


def findings(model, body):
    with pytest.raises(ValidationError) as refused:
        model.model_validate(body)
    return [plain(each) for each in refused.value.errors(include_url=False)]


@pytest.mark.parametrize(("body", "said"), UNFIT)
def test_what_does_not_fit_is_said_in_plain_words(body, said):
    QueryRequest.model_validate(BODY)
    assert findings(QueryRequest, body) == [said]


def test_an_empty_and_a_long_list():
    BatchRequest.model_validate({"queries": [BODY]})
    assert findings(BatchRequest, {"queries": []}) == ["must not be empty"]
    assert findings(BatchRequest, {"queries": [BODY] * 257}) == ["must have at most 256 items"]
