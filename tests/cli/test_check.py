"""``jifen check``: findings for people and for programs, and what the exit code says."""

import json

import pytest


@pytest.fixture
def shop_file(tmp_path):
    def write(text: str = "cost: 30%"):
        path = tmp_path / "shop.yaml"
        path.write_text(f"seat: CN\ncurrency: CNY\n{text}\n", encoding="utf-8")
        return path

    return write


def test_a_plan_that_may_be_published_leaves_with_zero(jifen, shop_file):
    answer = jifen("check", "member_rebate", "--shop", shop_file())
    assert answer.code == 0
    assert "Nothing blocks publication." in answer.out
    assert "CN-23" in answer.out
    assert "Not legal advice" in answer.out


def test_what_blocks_is_told_with_numbers_rules_reference_and_remedy(jifen, shop_file):
    answer = jifen("check", "points_dividend", "--set", "points_per_yuan=1.2", "--shop", shop_file())
    assert answer.code == 1
    text = " ".join(answer.out.split())
    assert "promised 120 % of the price back" in text
    assert "by the rules: generation, team" in text
    assert "禁止传销条例 art. 7(二) 入门费 [V L]" in text
    assert "To pass: Promise at most 70 % of the price" in text
    assert "never waived" in text
    assert "May not be published." in text


def test_the_gravest_stand_first(jifen):
    out = jifen("check", "points_dividend").out
    places = [out.index(word) for word in ("BLOCKS", "HIGH", "MEDIUM", "TO KNOW")]
    assert places == sorted(places)
    assert "all, as no shop file says where the shop is" in out
    assert "Cost of goods 20 %, assumed" in out


def test_the_answer_may_be_chinese(jifen, shop_file):
    answer = jifen("check", "points_dividend", "--lang", "zh", "--shop", shop_file("texts: [静态收益]"))
    assert "禁止发布" in answer.out
    assert "文案承诺回报：0: 静态收益" in answer.out
    assert "不构成法律意见" in answer.out
    assert jifen("check", "points_dividend", "--lang", "de").code == 2


def test_json_is_the_same_each_time_and_has_everything(jifen, shop_file):
    arguments = ("check", "refer_three", "--shop", shop_file("phone_countries: [CN, JP]"), "--json")
    answer = jifen(*arguments)
    assert answer.code == 1
    document = json.loads(answer.out)
    assert list(document) == [
        "plan", "digest", "passes", "jurisdictions", "uncovered", "cost", "cost_assumed", "shop", "run_digest", "stops",
        "findings", "not_decided", "measures", "notice",
    ]  # fmt: skip
    assert (document["passes"], document["uncovered"], document["cost_assumed"]) == (False, ["JP"], True)
    heads = next(each for each in document["findings"] if each["id"] == "CN-02")
    assert (heads["severity"], heads["waivable"], heads["rules"]) == ("block", False, ["referral"])
    assert heads["explanation"]["zh"].startswith("奖励金额取决于所推荐的人数")
    assert {each["waivable"] for each in document["findings"] if each["severity"] != "block"} == {None}
    assert document["measures"]["static_multiple"] == "1"
    assert jifen(*arguments).out == answer.out


def test_a_run_is_measured_and_another_plan_is_said(jifen, ran):
    document = json.loads(jifen("check", "green_points", "--run", ran, "--json").out)
    # Ann brought Bob: with the organiser three persons in three levels; nobody is paid from a reserve.
    measures = document["measures"]
    assert (measures["tree_members"], measures["tree_levels"], measures["coverage"]) == (3, 3, "0")
    assert measures["fees_collected"] == "12000"
    assert next(each for each in document["findings"] if each["id"] == "SOL-06")["stops"] == ["grants"]
    assert document["run_digest"] == document["digest"]
    assert "another version of the plan" in jifen("check", "points_dividend", "--run", ran).out


def test_what_a_run_does_not_show_is_not_blamed_on_a_run_that_is_missing(jifen, ran):
    held = jifen("check", "green_points", "--run", ran).out
    assert "no run (--run) shows it" not in held
    assert "Not decided, as the run does not show it: " in held
    assert "no run (--run) shows it" in jifen("check", "green_points").out


def test_mistakes_of_a_shop_file_are_told_with_line_and_remedy(jifen, shop_file):
    path = shop_file("mercants: 2\ncost: much")
    answer = jifen("check", "member_rebate", "--shop", path)
    assert answer.code == 2
    assert f"{path}:3: mercants" in answer.err
    assert "did you mean `merchants`?" in answer.err
    assert f"{path}:4: cost" in answer.err


def test_a_folder_without_a_run_is_refused(jifen, tmp_path):
    answer = jifen("check", "member_rebate", "--run", tmp_path)
    assert answer.code == 2
    assert "[no_run]" in answer.err
