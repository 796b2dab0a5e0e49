# The notice that a relayed mail gains (crates/mail/src/notice).
mail-notice-title = 添付ファイルをお預かりしています
mail-notice-kept = このメールの添付ファイルは、{ $service }でお預かりしています。
mail-notice-link = ダウンロード用のURLは、件名「{ $subject }」の別メールでお届けします。
mail-notice-approval = ファイルは、送信元での承認後にお受け取りいただけます。承認されると、ダウンロード用のURLを、件名「{ $subject }」の別メールでお届けします。
mail-notice-use-password = ダウンロードの際は、下記のファイルパスワードをご入力ください。
mail-notice-files = お預かりしているファイル({ $count }件)
mail-notice-more = ほか{ $count }件
mail-notice-password = ファイルパスワード
mail-notice-sender = 送信者
mail-notice-time = 送信日時
