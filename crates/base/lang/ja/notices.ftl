# A mail was stopped: the notice to its sender (crates/gateway/src/notice.rs).
stopped-subject = 【送信停止】{ $subject }
stopped-no-subject = (件名なし)
stopped-title = メールをお届けできませんでした
stopped-intro = お送りいただいたメールは、次の理由により、下記の宛先にはお届けしていません。添付ファイルもお預かりしていません。
stopped-intro-held = お送りいただいたメールは、次の理由により、下記の宛先にはお届けしていません。メールは、運営者が確認できるよう保留していますが、お待ちいただくだけでは配送されません。
stopped-next = 対処方法
stopped-name-characters = 使用できない文字: { $characters }
stopped-name-length = 長さ: { $octets }バイト(上限 255バイト)
stopped-unnamed = 名前のない添付ファイル({ $number }番目)
stopped-unnamed-kind = 名前のない添付ファイル({ $number }番目、{ $kind })
stopped-files-size = 添付ファイルの合計: { $total }(上限 { $limit })
stopped-subject-length = 現在の件名: { $length }文字
stopped-more = ほか { $count }件
stopped-mail-subject = 件名
stopped-mail-recipients = 宛先
stopped-mail-time = 受付日時
stopped-reference = 受付番号
stopped-automatic = このメールは { $brand } が自動で送信しています。ご返信いただいてもお答えできません。

# The deposit notice: to each recipient, with a link of their own (crates/exchange/src/notice.rs).
deposit-notice-lead = { $sender } から届いたファイルをお預かりしています。
deposit-notice-how = 下記のページを開き、ファイルパスワードを入力すると、ダウンロードできます。
deposit-notice-password-in-mail = ファイルパスワードは、送信者からのメールに記載されています。
deposit-notice-password-elsewhere = ファイルパスワードは、送信者にお問い合わせください。
deposit-notice-how-without-password = 下記のページを開くと、ダウンロードできます。
deposit-notice-code = ご本人の確認のため、ページからお求めいただいた確認コードを、このメールアドレスにお送りします。
deposit-notice-code-too = ファイルパスワードの代わりに、このメールアドレスにお送りする確認コードでも開けます。
deposit-notice-account = ご本人の確認のため、このメールアドレスのアカウントでサインインしてください。
deposit-notice-account-too = このメールアドレスのアカウントをお持ちの場合は、サインインして開くこともできます。
deposit-notice-open = ファイルを受け取る
deposit-notice-url = ボタンを押しても開かない場合は、次のURLをブラウザに貼り付けてください。
deposit-notice-sender = 送信者
deposit-notice-subject = 件名
deposit-notice-message = 送信者からのメッセージ
deposit-notice-no-subject = (件名なし)
deposit-notice-sent = 送信日時
deposit-notice-expires = 受取期限
deposit-notice-until = { $time } まで
deposit-notice-files = ファイル({ $count }件)
deposit-notice-file = { $name }({ $size })
deposit-notice-more = ほか { $count }件
deposit-notice-personal = このURLは、このメールを受け取られた方専用です。ほかの方へ転送しないでください。
deposit-notice-stranger = お心当たりのない場合は、URLを開かずに、このメールを削除してください。
deposit-notice-automatic = このメールは { $brand } が自動で送信しています。返信すると、送信者に届きます。

# An approver is asked (crates/exchange/src/notice/request.rs).
approval-request-mail-subject = 【承認依頼】{ $subject }
approval-request-no-subject = (件名なし)
approval-request-lead = { $sender } から、ファイル送信の承認依頼が届いています。
approval-request-how = 内容とファイルを確認のうえ、承認または却下してください。承認されるまで、ファイルは宛先に渡りません。
approval-request-sign-in = 下記のページを開くには、サインインが必要です。開いただけで承認されることはありません。
approval-request-open = 内容を確認する
approval-request-url = ボタンを押しても開かない場合は、次のURLをブラウザに貼り付けてください。
approval-request-sender = 送信者
approval-request-recipients = 宛先
approval-request-subject = 件名
approval-request-sent = 送信日時
approval-request-decide = 承認期限
approval-request-until = { $time } まで
approval-request-files = ファイル({ $count }件)
approval-request-file = { $name }({ $size })
approval-request-more = ほか { $count }件
approval-request-one = 承認者が複数いる場合は、どなたか1名の承認または却下で決まります。
approval-request-late = 期限までに承認も却下もされないときは、自動的に却下となり、ファイルは削除されます。
approval-request-automatic = このメールは { $brand } が自動で送信しています。返信すると、送信者に届きます。

# A deposit was not approved: the notice to its sender (crates/exchange/src/notice/rejection.rs).
rejected-mail-subject = 【承認されませんでした】{ $subject }
rejected-no-subject = (件名なし)
rejected-title = ファイルをお渡しできませんでした
rejected-intro-mail = お送りいただいたメールは宛先に届いていますが、添付ファイルは、次の理由によりお渡ししていません。お預かりしていたファイルは削除しました。
rejected-intro = お送りいただいたファイルは、次の理由により、宛先にお渡ししていません。お預かりしていたファイルは削除しました。
rejected-reason = 理由
rejected-late = 期限までに、どの承認者も承認しませんでした。
rejected-next = 対処方法
rejected-more = ほか { $count }件
rejected-subject = 件名
rejected-recipients = 宛先
rejected-files = ファイル
rejected-sent = 送信日時
rejected-approver = 承認者
rejected-decided = 却下日時
rejected-reference = 受付番号
rejected-automatic = このメールは { $brand } が自動で送信しています。ご返信いただいてもお答えできません。

# A mail could not be delivered: the notification to its sender (crates/post/src/bounce.rs).
bounce-subject = 【配信不能】{ $subject }
bounce-no-subject = (件名なし)
bounce-intro = お送りいただいたメールを、次の宛先に届けることができませんでした。
bounce-intro-deposit = お預かりしたファイルのお知らせ(お預かり通知メール)を、次の宛先に届けることができませんでした。この宛先の方にはファイルの受け取り方法が伝わっていません。
bounce-recipient = 宛先: { $recipient }
bounce-said = 相手のサーバ { $host } の応答: { $reply }
bounce-cause = 詳細: { $reply }
bounce-others = このほかの宛先への送信には影響ありません。
bounce-mail-subject = メールの件名: { $subject }
bounce-mail-time = 受付日時: { $time }
bounce-reference = 受付番号: { $reference }
bounce-attached-mail = 送信したメールを添付します。ファイルパスワードは伏せてあります。
bounce-attached-header = 送信したメールのヘッダーを添付します。
relayed-subject = 【中継済み】{ $subject }
relayed-intro = 配信通知のご依頼があったメールを、次の宛先のメールサーバに引き渡しました。相手のサーバは配信通知に対応していないため、この先の通知はありません。
relayed-to = 引き渡し先のサーバ: { $host }
delayed-subject = 【配信遅延】{ $subject }
delayed-intro = お送りいただいたメールは、次の宛先にまだ届いていません。{ $until } まで、繰り返し送信を試みます。送り直していただく必要はありません。届けることができなかったときは、あらためてお知らせします。
bounce-reason-no-mailbox = このメールアドレスは存在しません。アドレスに誤りがないかご確認のうえ、正しい宛先に送り直してください。
bounce-reason-no-domain = 宛先のドメイン(@より後ろの部分)が存在しないか、メールを受け付けていません。つづりに誤りがないかご確認ください。
bounce-reason-bad-address = 宛先の書き方に誤りがあるか、この宛先には送信できません。アドレスをご確認ください。
bounce-reason-mailbox-full = 宛先のメールボックスがいっぱいです。相手の方に電話などでお知らせいただくか、時間をおいて送り直してください。
bounce-reason-mailbox-closed = 宛先のメールボックスは現在メールを受け取れません。相手の方に別の方法でご確認ください。
bounce-reason-too-large = メールの大きさが、宛先のサーバで受け取れる上限を超えています。本文を短くして送り直してください。
bounce-reason-loop = 宛先までの経路が途中で元に戻っており、届けることができません。相手方のメール管理者にご連絡ください。
bounce-reason-expired = 繰り返し送信を試みましたが、期限までに届けることができませんでした。時間をおいて送り直すか、相手の方に別の方法でご連絡ください。
bounce-reason-unreachable = 宛先のサーバに接続できませんでした。時間をおいて送り直すか、相手の方に別の方法でご連絡ください。
bounce-reason-policy = 宛先のサーバが、受信側の規則によりこのメールの受け取りを断りました。相手の方、または貴社のメール管理者にご相談ください。
bounce-reason-refused = 宛先のサーバがこのメールの受け取りを断りました。下記の応答を添えて、貴社のメール管理者にご相談ください。

invitation-mail-subject = 【{ $brand }】パスワードを設定してください
invitation-mail-lead = { $section } の管理者が、{ $brand } のアカウントをご用意しました。
invitation-mail-how = 下記のページで、ご自分のパスワードを決めてください。これまでのパスワードがあれば、もう使えません。
invitation-mail-open = パスワードを設定する
invitation-mail-url = ボタンを押しても開かない場合は、次のURLをブラウザに貼り付けてください。
invitation-mail-sign-in = サインイン名
invitation-mail-names = { $name } または { $address }
invitation-mail-until = 有効期限
invitation-mail-once = { $time } まで、1回だけ使えます。
invitation-mail-secret = このURLを知っている人は、誰でもパスワードを設定できます。転送しないでください。
invitation-mail-stranger = 期限が過ぎたとき、またはお心当たりがないときは、御社の管理者にご連絡ください。
invitation-mail-automatic = このメールは { $brand } が自動で送信しています。

# 確認コードのメール
code-mail-mail-subject = 【{ $brand }】ファイル受け取りの確認コード
code-mail-lead = ファイルを受け取るための確認コードをお送りします。
code-mail-how = コードをお求めになった画面に、次の8桁の数字を入力してください。
code-mail-until = { $time } まで({ $minutes }分間)有効です。使えるのは、コードを求めたブラウザで1回だけです。
code-mail-sender = 送信者
code-mail-subject = 件名
code-mail-no-subject = (件名なし)
code-mail-asked = コードを求めた日時
code-mail-stranger = お心当たりのない場合は、何もせずに、このメールを削除してください。コードを、ほかの人に教えないでください。
code-mail-automatic = このメールは { $brand } が自動で送信しています。

# 運営者からのお知らせのメール
announcement-mail-subject = 【{ $brand }】{ $subject }
announcement-mail-lead = { $brand } からのお知らせです。
announcement-mail-until = このお知らせは、{ $time } まで画面にも表示しています。
announcement-mail-why = { $section } の管理者の方にお送りしています。
announcement-mail-automatic = このメールは { $brand } が自動で送信しています。
