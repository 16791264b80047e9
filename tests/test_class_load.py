"""The load test of a class speaks to an explorer as its page does."""

from benchmarks.class_load import is_picture, moves_of
from course.widgets import explore_learning_rate


def test_a_move_of_the_slider_is_answered_with_a_picture():
    explorer = explore_learning_rate()
    move = moves_of(explorer.get_state())
    before = explorer.frame["marks"]
    explorer._handle_custom_msg(move(0.8)["content"], [])
    assert explorer.frame["marks"] != before
    state = {"frame": explorer.frame}
    message = {"header": {"msg_type": "comm_msg"}, "content": {"data": {"state": state}}}
    assert is_picture(message)


def test_what_has_no_slider_is_not_moved():
    assert moves_of({"_model_name": "LayoutModel"}) is None


def test_a_message_without_a_picture_is_no_answer():
    assert not is_picture({"header": {"msg_type": "status"}, "content": {}})
    said = {"header": {"msg_type": "comm_msg"}, "content": {"data": {"method": "echo_update"}}}
    assert not is_picture(said)
