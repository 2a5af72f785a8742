// The checker finds every way in which a history can be broken, and nothing in a sound one.

#include "tests/crash/history.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace tally::test {
namespace {

constexpr int64_t kGroupSize = 2;

/// Hand-made histories: every connection's operations in its order, times as small numbers.
class HistoryTest : public testing::Test {
 protected:
  static Operation Increment(TimeNs asked, TimeNs told, int64_t value) {
    return {.kind = OperationKind::kIncrement, .asked = asked, .told = told, .value = value};
  }
  static Operation LostIncrement(TimeNs asked, TimeNs dead) {
    return {.kind = OperationKind::kIncrement, .asked = asked, .dead = dead};
  }
  static Operation Read(TimeNs asked, TimeNs told, int64_t value) {
    return {.kind = OperationKind::kRead, .asked = asked, .told = told, .value = value};
  }
  static Operation Write(TimeNs asked, TimeNs told, int64_t token) {
    return {.kind = OperationKind::kGroupWrite, .asked = asked, .told = told, .value = token};
  }
  static Operation LostWrite(TimeNs asked, TimeNs dead, int64_t token) {
    return {.kind = OperationKind::kGroupWrite, .asked = asked, .dead = dead, .value = token};
  }
  static Operation Delete(TimeNs asked, TimeNs told, int64_t deleted) {
    return {.kind = OperationKind::kGroupDelete, .asked = asked, .told = told, .value = deleted};
  }
  static Operation LostDelete(TimeNs asked, TimeNs dead) {
    return {.kind = OperationKind::kGroupDelete, .asked = asked, .dead = dead};
  }
  static Operation GroupRead(TimeNs asked, TimeNs told, std::vector<int64_t> parts) {
    return {
        .kind = OperationKind::kGroupRead, .asked = asked, .told = told, .parts = std::move(parts)};
  }

  /// One more connection.
  void Connection(std::vector<Operation> operations) {
    const uint32_t connection = history_.NextConnection();
    for (Operation& operation : operations) operation.connection = connection;
    history_.Add(std::move(operations));
  }

  void ExpectSound() {
    const auto violations = CheckHistory(history_, kGroupSize);
    EXPECT_TRUE(violations.empty()) << Describe(violations);
  }

  void ExpectViolation(ViolationKind kind) {
    const auto violations = CheckHistory(history_, kGroupSize);
    EXPECT_TRUE(std::any_of(violations.begin(), violations.end(),
                            [kind](const Violation& found) { return found.kind == kind; }))
        << "not found: " << Name(kind) << "; found: " << Describe(violations);
  }

  History history_;
};

TEST_F(HistoryTest, EmptyIsSound) { ExpectSound(); }

TEST_F(HistoryTest, SequentialIncrementsAreSound) {
  Connection({Increment(1, 2, 1), Increment(3, 4, 2), Increment(5, 6, 3)});
  Connection({Read(7, 8, 3)});
  ExpectSound();
}

TEST_F(HistoryTest, ConcurrentIncrementsMayComeInAnyOrder) {
  Connection({Increment(1, 10, 2)});
  Connection({Increment(1, 10, 1)});
  Connection({Read(2, 9, 1)});
  ExpectSound();
}

TEST_F(HistoryTest, UnansweredIncrementMayOrMayNotCount) {
  Connection({Increment(1, 2, 1), LostIncrement(3, 10)});
  Connection({Read(11, 12, 1)});
  ExpectSound();
  history_ = {};
  Connection({Increment(1, 2, 1), LostIncrement(3, 10)});
  Connection({Read(11, 12, 2)});
  ExpectSound();
}

TEST_F(HistoryTest, ValuesGoOnAfterACrashWhereTheyWere) {
  Connection({Increment(1, 2, 1), LostIncrement(3, 10)});
  Connection({Increment(1, 4, 2)});
  Connection({Increment(11, 12, 4), Increment(13, 14, 5)});  // 3 is the unanswered one's
  ExpectSound();
}

TEST_F(HistoryTest, ValueAcknowledgedTwiceIsFound) {
  Connection({Increment(1, 10, 1)});
  Connection({Increment(1, 10, 1)});
  ExpectViolation(ViolationKind::kDuplicate);
}

TEST_F(HistoryTest, ValueAcknowledgedTwiceAcrossARestartIsFound) {
  Connection({Increment(1, 2, 1), Increment(3, 4, 2)});
  Connection({Increment(11, 12, 2)});
  ExpectViolation(ViolationKind::kDuplicate);
}

TEST_F(HistoryTest, AcknowledgedIncrementMissingAfterACrashIsFound) {
  Connection({Increment(1, 2, 1), Increment(3, 4, 2)});
  Connection({Read(11, 12, 1)});
  ExpectViolation(ViolationKind::kLostIncrement);
  ExpectViolation(ViolationKind::kStaleRead);
}

TEST_F(HistoryTest, EverythingMissingAfterACrashIsFound) {
  Connection({Increment(1, 2, 1)});
  Connection({Read(11, 12, 0)});
  ExpectViolation(ViolationKind::kLostIncrement);
}

TEST_F(HistoryTest, CounterAboveAcknowledgedAndUnansweredIsFound) {
  Connection({Increment(1, 2, 1), LostIncrement(3, 10)});
  Connection({Read(11, 12, 3)});
  ExpectViolation(ViolationKind::kTooHigh);
}

TEST_F(HistoryTest, UnansweredIncrementCountsOnce) {
  Connection({LostIncrement(1, 10)});
  Connection({Increment(11, 12, 3), Read(13, 14, 3)});
  ExpectViolation(ViolationKind::kUnexplainedValue);
}

TEST_F(HistoryTest, IncrementOfADeadServerCannotTakeEffectLater) {
  // 1 and 2 came after the crash; so 3 is not that of the unanswered one from before it.
  Connection({LostIncrement(1, 10)});
  Connection({Increment(11, 12, 1), Increment(13, 14, 2)});
  Connection({Read(15, 16, 3)});
  ExpectViolation(ViolationKind::kUnexplainedValue);
}

TEST_F(HistoryTest, IncrementSentTooLateCannotExplainAValue) {
  Connection({Increment(1, 2, 2)});  // 1 was made by nobody: the unanswered one was sent afterwards
  Connection({LostIncrement(5, 10)});
  ExpectViolation(ViolationKind::kUnexplainedValue);
}

TEST_F(HistoryTest, UnansweredIncrementsAreGivenOutSoThatAllFit) {
  // 1 can be of either, 3 only of the one whose server lived on.
  Connection({LostIncrement(1, 100)});
  Connection({LostIncrement(1, 10)});
  Connection({Increment(11, 12, 2)});
  Connection({Increment(13, 14, 4)});
  ExpectSound();
}

TEST_F(HistoryTest, LaterRequestWithASmallerValueIsFound) {
  Connection({Increment(1, 2, 2)});
  Connection({Increment(3, 4, 1)});
  ExpectViolation(ViolationKind::kOutOfOrder);
}

TEST_F(HistoryTest, ReadBelowWhatAnotherClientWasToldIsFound) {
  Connection({Increment(1, 2, 1), Increment(3, 4, 2), Increment(20, 21, 3)});
  Connection({Read(5, 6, 1)});
  ExpectViolation(ViolationKind::kStaleRead);
}

TEST_F(HistoryTest, ReadThatACrashTookBackIsFound) {
  // The read revealed an increment that was not on disk: nobody acknowledged it, it was lost.
  Connection({LostIncrement(1, 10)});
  Connection({Read(2, 3, 1)});
  Connection({Read(11, 12, 0)});
  ExpectViolation(ViolationKind::kStaleRead);
}

TEST_F(HistoryTest, ValueReadBeforeACrashAndGivenOutAgainIsFound) {
  Connection({LostIncrement(1, 10)});
  Connection({Read(2, 3, 1)});
  Connection({Increment(11, 12, 1)});
  ExpectViolation(ViolationKind::kOutOfOrder);
}

TEST_F(HistoryTest, ReadAboveWhatHadBeenSentIsFound) {
  Connection({Increment(1, 2, 1), Increment(5, 6, 2)});
  Connection({Read(3, 4, 2)});
  ExpectViolation(ViolationKind::kReadAhead);
}

TEST_F(HistoryTest, ValuesThatDoNotRiseInOnePipelineAreFound) {
  Connection({Increment(1, 10, 2), Increment(1, 11, 1)});
  ExpectViolation(ViolationKind::kConnectionOrder);
}

TEST_F(HistoryTest, ReadBelowAnEarlierIncrementOfItsPipelineIsFound) {
  Connection({Increment(1, 10, 1), Read(1, 11, 0)});
  ExpectViolation(ViolationKind::kConnectionOrder);
}

TEST_F(HistoryTest, GroupsWrittenAndDeletedWholeAreSound) {
  Connection({GroupRead(0, 1, {kAbsent, kAbsent}), Write(2, 3, 7), GroupRead(4, 5, {7, 7}),
              Delete(6, 7, 2), GroupRead(8, 9, {kAbsent, kAbsent}), Delete(10, 11, 0)});
  ExpectSound();
}

TEST_F(HistoryTest, UnansweredGroupChangesMayOrMayNotHaveHappened) {
  for (const int64_t found : {7L, 8L, static_cast<int64_t>(kAbsent)}) {
    history_ = {};
    Connection({Write(1, 2, 7), LostWrite(3, 10, 8), LostDelete(3, 10)});
    Connection({GroupRead(11, 12, {found, found})});
    ExpectSound();
  }
}

TEST_F(HistoryTest, HalfAWriteIsFound) {
  Connection({Write(1, 2, 7), LostWrite(3, 10, 8)});
  Connection({GroupRead(11, 12, {7, 8})});
  ExpectViolation(ViolationKind::kHalfChange);
}

TEST_F(HistoryTest, HalfADeleteIsFound) {
  Connection({Write(1, 2, 7), LostDelete(3, 10)});
  Connection({GroupRead(11, 12, {7, kAbsent})});
  ExpectViolation(ViolationKind::kHalfChange);
}

TEST_F(HistoryTest, DeleteThatFoundHalfIsFound) {
  Connection({Write(1, 2, 7), Delete(3, 4, 1)});
  ExpectViolation(ViolationKind::kHalfChange);
}

TEST_F(HistoryTest, AcknowledgedWriteMissingAfterACrashIsFound) {
  Connection({Write(1, 2, 7), Write(3, 4, 8)});
  Connection({GroupRead(11, 12, {7, 7})});
  ExpectViolation(ViolationKind::kLostChange);
}

TEST_F(HistoryTest, AcknowledgedFirstWriteMissingAfterACrashIsFound) {
  Connection({Write(1, 2, 7)});
  Connection({GroupRead(11, 12, {kAbsent, kAbsent})});
  ExpectViolation(ViolationKind::kLostChange);
}

TEST_F(HistoryTest, AcknowledgedDeleteMissingAfterACrashIsFound) {
  Connection({Write(1, 2, 7), Delete(3, 4, 2)});
  Connection({GroupRead(11, 12, {7, 7})});
  ExpectViolation(ViolationKind::kLostChange);
}

TEST_F(HistoryTest, LastWriteOfAPipelineMissingAfterACrashIsFound) {
  Connection({Write(1, 4, 7), Write(1, 4, 8)});
  Connection({GroupRead(11, 12, {7, 7})});
  ExpectViolation(ViolationKind::kLostChange);
}

TEST_F(HistoryTest, WriteThatWasReadAndThenLostIsFound) {
  Connection({Write(1, 2, 7), LostWrite(3, 10, 8)});
  Connection({GroupRead(4, 5, {8, 8})});
  Connection({GroupRead(11, 12, {7, 7})});
  ExpectViolation(ViolationKind::kLostChange);
}

TEST_F(HistoryTest, WriteOfADeadServerThatComesBackIsFound) {
  Connection({LostWrite(1, 10, 7)});
  Connection({Write(11, 12, 8), GroupRead(13, 14, {7, 7})});
  ExpectViolation(ViolationKind::kLostChange);
}

TEST_F(HistoryTest, AbsenceAfterAWriteThatCameAfterTheDeleteIsFound) {
  Connection({Write(1, 2, 7), Delete(3, 4, 2), Write(5, 6, 8)});
  Connection({GroupRead(11, 12, {kAbsent, kAbsent})});
  ExpectViolation(ViolationKind::kLostChange);
}

TEST_F(HistoryTest, ValueThatNobodyWroteIsFound) {
  Connection({Write(1, 2, 7), GroupRead(3, 4, {9, 9})});
  ExpectViolation(ViolationKind::kUnwrittenValue);
}

TEST_F(HistoryTest, ValueReadBeforeItWasSentIsFound) {
  Connection({GroupRead(1, 2, {7, 7})});
  Connection({Write(3, 4, 7)});
  ExpectViolation(ViolationKind::kUnwrittenValue);
}

TEST_F(HistoryTest, ReadFromBeforeAnEarlierWriteOfItsPipelineIsFound) {
  Connection({Write(1, 10, 7), Write(1, 11, 8), GroupRead(1, 12, {7, 7})});
  ExpectViolation(ViolationKind::kConnectionOrder);
}

TEST_F(HistoryTest, WrongRepliesAreViolations) {
  history_.AddWrongReply("an INCR returned a string");
  ExpectViolation(ViolationKind::kWrongReply);
}

TEST_F(HistoryTest, ObjectsAreIndependent) {
  Operation other = Increment(3, 4, 1);
  other.object = 1;
  Connection({Increment(1, 2, 1), other});
  ExpectSound();
}

TEST_F(HistoryTest, EndOfALifeBoundsWhatWasUnanswered) {
  Operation increment = Increment(1, kUnanswered, 0);
  Connection({increment});
  history_.EndLife(10);
  increment.asked = 11;
  Connection({increment});
  EXPECT_EQ(history_.operations()[0].dead, 10);
  EXPECT_EQ(history_.operations()[1].dead, kUnanswered);
  history_.EndLife(20);
  EXPECT_EQ(history_.operations()[0].dead, 10);
  EXPECT_EQ(history_.operations()[1].dead, 20);
}

}  // namespace
}  // namespace tally::test
